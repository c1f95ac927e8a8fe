import { describe, expect, it } from 'vitest';
import { requestReplacement } from '../../server/fleet/request.ts';
import { createAccessToken, revokeAccessToken } from '../../server/store/access-token-store.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { findRequest, giveApproval, refuseRequest, revokeApprovals } from '../../server/store/approval-store.ts';
import { readPolicy } from '../../server/store/policy-store.ts';
import { findApproval } from '../../server/store/views/approvals-view.ts';
import { timestamp } from '../../shared/clock.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const hourMs = 3_600_000;

async function requests(world: ReplacementWorld) {
  const rows = await world.db.selectFrom('approval_request').select('id').orderBy('created_at').execute();
  return rows.map(({ id }) => id);
}

async function approve(
  world: ReplacementWorld,
  id: string,
  actor: string,
  overrides: { instancesMax?: number; ms?: number } = {},
) {
  const request = (await findRequest(world.db, id))!;
  const given = { request, actor, reason: 'seen', instancesMax: 1, ms: hourMs, ...overrides };
  await world.db.transaction().execute((tx) => giveApproval(tx, given, world.clock.now()));
}

async function askedFor(world: ReplacementWorld, instance = 0) {
  const controller = world.control();
  await world.taint(world.instances[instance]!);
  await controller.tick();
  const [id = ''] = await requests(world);
  return { controller, id };
}

describe('a policy that asks for an approval', () => {
  it('starts nothing before somebody said yes, and asks once', async () => {
    const world = await aReplacementWorld({ approval: {} });
    const { controller, id } = await askedFor(world);
    await controller.tick();

    expect(await requests(world)).toEqual([id]);
    expect(await world.replacements()).toEqual([]);
    const { blocked } = await controller.plan('web');
    expect(blocked[0]?.blockers).toMatchObject([{ kind: 'approval', message: expect.stringContaining(id) }]);
    const asked = await world.db.selectFrom('event').selectAll().where('type', '=', 'approval.requested').execute();
    expect(asked).toHaveLength(1);
    expect(JSON.parse(asked[0]!.data).detail).toMatch(new RegExp(`^policy web, because of .*approvals get ${id}`));

    await approve(world, id, 'bob');
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'succeeded');
  });

  it('is good for so many instances and no more, as the records have it', async () => {
    const world = await aReplacementWorld({ approval: {} });
    await world.taint(world.instances[1]!);
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob');

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'succeeded');
    await controller.tick();

    expect(await world.replacements()).toHaveLength(1);
    const view = await findApproval(world.db, id, world.clock.now());
    expect(view).toMatchObject({
      state: 'waiting',
      approvals: [{ actor: 'bob', instances: 1, used: 1, inForce: false }],
    });
  });

  it('counts people, not how often they say it', async () => {
    const world = await aReplacementWorld({ approval: { count: 2 } });
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob');
    await approve(world, id, 'bob');
    await controller.tick();
    expect(await world.replacements()).toEqual([]);

    await approve(world, id, 'carol');
    await controller.tick();

    expect(await world.replacements()).toHaveLength(1);
  });

  it('takes none from who applied it, or promoted the image', async () => {
    const world = await aReplacementWorld({ approval: {} });
    const { policy } = (await readPolicy(world.db, 'web'))!;
    await applyDocument(world.db, { ...policy, budgets: [{ max: 2 }] }, timestamp(world.clock.now()), 'alice');
    const { id } = await askedFor(world);

    await expect(approve(world, id, 'alice')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    // The group, and with it the image, was declared by `admin`.
    await expect(approve(world, id, 'admin')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await findApproval(world.db, id, world.clock.now()))?.barred).toEqual(['alice', 'admin']);
  });

  it('takes none from who asked for it by hand', async () => {
    const world = await aReplacementWorld({ approval: {}, triggers: [{ manual: true }] });
    const controller = world.control();
    const asked = { instanceId: world.instances[0]!, policy: 'web', reason: 'it is slow', actor: 'bob' };
    await requestReplacement(world.db, asked, world.clock.now());
    await controller.tick();
    const [id = ''] = await requests(world);

    await expect(approve(world, id, 'bob')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await findApproval(world.db, id, world.clock.now()))?.barred).toEqual(['admin', 'bob']);
    await approve(world, id, 'carol');
    await controller.tick();

    expect(await world.replacements()).toHaveLength(1);
  });

  it('is good for no more instances where the clock is set back after it', async () => {
    const world = await aReplacementWorld({ approval: {}, budgets: [{ max: 6 }] });
    const { controller, id } = await askedFor(world);
    for (const instance of world.instances.slice(1, 2)) await world.taint(instance);
    await approve(world, id, 'bob');
    world.clock.jump(-hourMs / 2);
    const at = timestamp(world.clock.now());
    await world.db.updateTable('instance').set({ scan_finished_at: at, last_seen_at: at }).execute();

    for (let pass = 0; pass < 15; pass += 1) {
      await controller.tick();
      await world.speak();
      world.clock.advance(5_000);
    }

    expect((await world.replacements()).length).toBeLessThanOrEqual(1);
  });

  it('starts nothing once somebody said no, until somebody approves it after that', async () => {
    const world = await aReplacementWorld({ approval: {} });
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob');
    const request = (await findRequest(world.db, id))!;
    const no = { actor: 'carol', reason: 'the image is wrong' };
    await world.db.transaction().execute((tx) => refuseRequest(tx, request, no, world.clock.now()));
    await controller.tick();

    expect(await world.replacements()).toEqual([]);
    const refused = await findApproval(world.db, id, world.clock.now());
    expect(refused).toMatchObject({ state: 'refused', refused: no, approvals: [{ revokedBy: 'carol' }] });
    const audit = await world.db.selectFrom('audit').select('actor').where('what', '=', 'approval.refused').execute();
    expect(audit).toEqual([{ actor: 'carol' }]);

    await approve(world, id, 'bob');
    await controller.tick();

    expect(await findApproval(world.db, id, world.clock.now())).toMatchObject({ refused: null });
    expect(await world.replacements()).toHaveLength(1);
  });

  it('is over in time', async () => {
    const world = await aReplacementWorld({ approval: {} });
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob', { ms: 60_000 });
    world.clock.advance(60_000);

    await controller.tick();

    expect(await world.replacements()).toEqual([]);
  });

  it('asks again for drift that is worse', async () => {
    const world = await aReplacementWorld({ approval: {} });
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob');
    await world.taint(world.instances[0]!, 'critical');

    await controller.tick();

    expect(await world.replacements()).toEqual([]);
    expect(await requests(world)).toHaveLength(2);
  });
});

describe('before the point of no return', () => {
  const spoil: Readonly<Record<string, (world: ReplacementWorld, id: string) => Promise<unknown>>> = {
    'somebody took it back': async (world, id) => {
      const request = (await findRequest(world.db, id))!;
      await world.db.transaction().execute((tx) => revokeApprovals(tx, request, 'carol', world.clock.now()));
    },
    'the token of who said it was revoked': async (world) => {
      await world.db.transaction().execute(async (tx) => {
        const wanted = { name: 'bob', role: 'approver' as const, expiresInMs: null, actor: 'admin' };
        const { id } = await createAccessToken(tx, wanted, world.clock.now());
        await revokeAccessToken(tx, id, 'admin', world.clock.now());
      });
    },
    'the policy has another version': async (world) => {
      const { policy } = (await readPolicy(world.db, 'web'))!;
      await applyDocument(world.db, { ...policy, budgets: [{ max: 2 }] }, timestamp(world.clock.now()));
    },
    'who said yes has since promoted the image': async (world) => {
      const group = await world.db.selectFrom('instance_group').select('spec').executeTakeFirstOrThrow();
      const spec = JSON.parse(group.spec);
      const at = timestamp(world.clock.now());
      await applyDocument(world.db, { ...spec, images: {} }, at, 'bob');
      await applyDocument(world.db, spec, at, 'bob');
    },
  };
  it.each(Object.keys(spoil))('it is looked at again, and rolled back where %s', async (name) => {
    const world = await aReplacementWorld({ approval: {} });
    world.agents = 'silent';
    const { controller, id } = await askedFor(world);
    await approve(world, id, 'bob');
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'verifying');
    await spoil[name]!(world, id);
    world.agents = {};

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

    const [one] = await world.replacements();
    expect(await world.states(one!.id)).not.toContain('terminating');
    expect(one?.error).toContain('approval');
  });

  it('so it is when a policy comes to ask for one meanwhile', async () => {
    const world = await aReplacementWorld();
    world.agents = 'silent';
    const controller = world.control();
    await world.taint(world.instances[0]!);
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'verifying');
    const { policy } = (await readPolicy(world.db, 'web'))!;
    const approval = { required: true, count: 1, for: '24h' };
    await applyDocument(world.db, { ...policy, approval }, timestamp(world.clock.now()));
    world.agents = {};

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

    expect((await world.replacements())[0]?.error).toContain('asks for an approval now');
  });
});
