import { expect, it } from 'vitest';
import { declare } from '../../../server/fleet/declare.ts';
import { settleExemptions } from '../../../server/fleet/exemptions.ts';
import { type Command, planReplacements } from '../../../server/replace/planner.ts';
import { reserveReplacement } from '../../../server/store/replacement-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { Exemption } from '../../../shared/exemption.ts';
import { aReplacementWorld, type ReplacementWorld } from '../../support/replacement-world.ts';
import { insertFinding } from '../../support/rows.ts';

async function drift({ db, clock }: ReplacementWorld, id: string, name = '/etc/motd'): Promise<string> {
  const at = timestamp(clock.now());
  const fingerprint = await insertFinding(db, id, { name });
  const seen = { first_seen_at: at, tainting_since: at };
  await db
    .updateTable('finding')
    .set(seen)
    .where('instance_id', '=', id)
    .where('fingerprint', '=', fingerprint)
    .execute();
  return fingerprint;
}

async function exempt({ db, clock }: ReplacementWorld, fingerprint: string, hours = 1): Promise<void> {
  const until = timestamp(clock.now() + hours * 3_600_000);
  const said = { kind: 'Exemption', name: 'one', drift: { fingerprint }, group: 'web', reason: 'known', until };
  await declare(db, Exemption.parse(said), { actor: 'ann', now: clock.now() });
}

it('nothing is replaced for what is exempted, and all that was exempted is once it is over', async () => {
  const world = await aReplacementWorld({ triggers: [{ drift: { severity: 'low', settle: '30m' } }] });
  const id = world.instances[0]!;
  await world.taint(id);
  await exempt(world, await drift(world, id));
  const controller = world.control();
  for (let minute = 0; minute < 59; minute += 1) {
    await controller.tick();
    world.clock.advance(60_000);
  }
  expect(await world.replacements()).toEqual([]);

  world.clock.advance(60_000);
  await settleExemptions(world.db, world.clock.now());
  await controller.tick();

  // At once: it had settled long before.
  expect(await world.replacements()).toHaveLength(1);
});

it('nothing is begun by a plan that was made before its drift was exempted', async () => {
  const world = await aReplacementWorld();
  const id = world.instances[0]!;
  await world.taint(id);
  const fingerprint = await drift(world, id);
  const { snapshot, policies, now } = await world.control().survey();
  const [{ target, ...command }] = planReplacements(snapshot, policies, now).commands as [Command];
  await exempt(world, fingerprint);

  const begun = reserveReplacement(world.db, { ...command, targetDigest: target.digest, reason: 'drift' }, now);

  await expect(begun).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringMatching(/exempted/) });
  expect(await world.replacements()).toEqual([]);
});

it('nobody sees an exemption that is in force beside the taint of what it is for', async () => {
  const world = await aReplacementWorld();
  const { db } = world;
  const id = world.instances[0]!;
  await world.taint(id);
  const fingerprint = await drift(world, id);
  const seen: (readonly [number, string | null])[] = [];
  const look = () =>
    db.transaction().execute(async (tx) => {
      const declared = await tx.selectFrom('exemption').select('name').execute();
      const row = await tx.selectFrom('instance').select('taint_at').where('id', '=', id).executeTakeFirstOrThrow();
      seen.push([declared.length, row.taint_at === null ? null : 'tainted']);
    });

  // Whoever waits for the database gets it between two transactions.
  await Promise.all([look(), exempt(world, fingerprint), look(), look()]);

  expect(seen.filter(([declared, taint]) => (declared === 1) === (taint !== null))).toEqual([]);
  expect(seen.at(-1)).toEqual([1, null]);
});

it('what is under way is taken back when its drift is exempted', async () => {
  const world = await aReplacementWorld();
  const id = world.instances[0]!;
  await world.taint(id);
  const fingerprint = await drift(world, id);
  const controller = world.control();
  await controller.tick();

  await exempt(world, fingerprint);
  await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

  expect((await world.replacements())[0]?.error).toMatch(/pardoned or exempted/);
});

it('the breaker does not count what is exempted', async () => {
  const world = await aReplacementWorld();
  let fingerprint = '';
  for (const id of world.instances) {
    await world.taint(id);
    fingerprint = await drift(world, id);
  }
  await exempt(world, fingerprint);
  const controller = world.control();

  await controller.tick();

  const group = await world.db.selectFrom('instance_group').select('breaker_at').executeTakeFirstOrThrow();
  expect(group.breaker_at).toBeNull();
  expect(await world.replacements()).toEqual([]);
});
