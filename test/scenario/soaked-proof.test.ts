import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readEventsOf } from '../../server/store/event-store.ts';
import { reserveReplacement } from '../../server/store/replacement-store.ts';
import { findRevocation } from '../../server/store/revocation-store.ts';
import { findReplacement } from '../../server/store/views/replacements-view.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { verifyProof } from '../../shared/proof.ts';
import { revocationOf } from '../../shared/revocation.ts';
import { anImageDigest } from '../support/builders.ts';
import { aReplacementWorld, type ReplacementWorld, signer } from '../support/replacement-world.ts';
import { insertFinding } from '../support/rows.ts';

const keys = [createPublicKey(signer.publicPem)];
const hourMs = 3_600_000;
const isIn = (world: ReplacementWorld, state: string) => async () => (await world.replacements())[0]?.state === state;

/** As intake leaves an instance that has drifted. */
async function drift(world: ReplacementWorld, id: string, name: string): Promise<void> {
  const at = timestamp(world.clock.now());
  const fingerprint = await insertFinding(world.db, id, { name, actual: { content: `${id} ${at}` } });
  const seen = { first_seen_at: at, tainting_since: at };
  await world.db.updateTable('finding').set(seen).where('fingerprint', '=', fingerprint).execute();
  await world.taint(id);
}

/** One that had drifted at /etc/motd is replaced; answers what is known of it. */
async function aProven(world: ReplacementWorld) {
  await drift(world, world.instances[0]!, '/etc/motd');
  const controller = world.control();
  await world.until(controller, isIn(world, 'succeeded'));
  const view = await findReplacement(world.db, (await world.replacements())[0]!.id);
  return { controller, view: view!, proof: view!.proof! };
}

describe('the proof', () => {
  it('has a scan from before the old one went and one from after the soak, and all that they rest on', async () => {
    const world = await aReplacementWorld();

    const { proof, view } = await aProven(world);

    const { predicate } = verifyProof(proof, keys);
    expect(predicate).toMatchObject({
      ...{ verificationResult: 'PASSED', verifiedLevels: ['PRISTINE_SOFTWARE'], exempted: [], approvals: [] },
      ...{ shapes: ['modified file /etc/motd'], resourceUri: `urn:x-pristine:instance:${view.newInstanceId}` },
      policy: { uri: 'urn:x-pristine:policy:web:1', name: 'web', version: 1 },
      plan: { plannedAt: view.createdAt },
    });
    expect(predicate.inputAttestations.map(({ uri }) => uri)).toEqual([
      'urn:x-pristine:manifest:web@7',
      'urn:x-pristine:rules:web:1',
    ]);
    expect(predicate.inputAttestations[0]?.digest.sha256).toBe(anImageDigest.slice('sha256:'.length));
    expect(predicate.scan.startedAt < predicate.soak.until).toBe(true);
    expect(predicate.soak.scan.startedAt >= predicate.soak.until).toBe(true);
    expect(predicate.timeVerified >= predicate.soak.until).toBe(true);
  });

  it('is not there, and nothing has succeeded, while no second scan comes; with it all ends well', async () => {
    const world = await aReplacementWorld();
    let asked = 0;
    const sweep = world.sweep;
    world.sweep = () => {
      asked += 1;
      return true;
    };
    await world.taint(world.instances[0]!);
    const controller = world.control();

    await world.until(controller, isIn(world, 'stuck'), 400);
    const [stuck] = await world.replacements();
    const early = (await findReplacement(world.db, stuck!.id))?.proof;
    world.sweep = sweep;
    const row = await world.db.selectFrom('replacement').select('new_instance_id').executeTakeFirstOrThrow();
    world.sweep(row.new_instance_id!);
    await world.until(controller, isIn(world, 'succeeded'), 400);

    expect([early, stuck!.error]).toEqual([null, expect.stringContaining('before the soak was over')]);
    expect(asked).toBeGreaterThan(3);
  });

  it('names what is open on the new instance and does not count', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    const controller = world.control();
    await world.until(controller, isIn(world, 'soaking'));
    const row = await world.db.selectFrom('replacement').select('new_instance_id').executeTakeFirstOrThrow();
    const fingerprint = await insertFinding(world.db, row.new_instance_id!, { name: '/etc/issue', severity: 'info' });

    await world.until(controller, isIn(world, 'succeeded'));

    const view = await findReplacement(world.db, (await world.replacements())[0]!.id);
    expect(verifyProof(view!.proof!, keys).predicate.exempted).toEqual([
      { fingerprint, subject: 'file', name: '/etc/issue', severity: 'info' },
    ]);
  });

  it('names the policy by what it said when the replacement began: one that has changed since the plan begins none', async () => {
    const world = await aReplacementWorld();
    const reservation = {
      ...{ policy: 'web', policyVersion: 2, group: 'web', instanceId: world.instances[0]!, providerId: 'm' },
      ...{ cause: { trigger: 'outdated' as const, from: 'web@6', to: 'web@7' }, shapes: [], reason: 'a test' },
      ...{ targetDigest: anImageDigest, order: 'launch-first' as const, keeping: null, lineage: null, approval: null },
    };

    await expect(reserveReplacement(world.db, reservation, world.clock.now())).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await reserveReplacement(world.db, { ...reservation, policyVersion: 1 }, world.clock.now());

    const [one] = await world.db.selectFrom('replacement').selectAll().execute();
    const { spec } = await world.db.selectFrom('policy').select('spec').executeTakeFirstOrThrow();
    expect(one?.policy_digest).toBe(digestOf(spec));
  });
});

describe('a proof is revoked', () => {
  it('once, signed, and told, when the shape comes back on the new instance within a day', async () => {
    const world = await aReplacementWorld();
    const { controller, view, proof } = await aProven(world);
    world.clock.advance(23 * hourMs);
    await drift(world, view.newInstanceId!, '/etc/motd');

    await controller.tick();
    await controller.tick();

    const revocation = await findRevocation(world.db, view.id);
    expect(revocationOf(proof, [revocation!.envelope], keys)).toMatchObject({
      ...{ replacementId: view.id, instanceId: view.newInstanceId, shape: 'modified file /etc/motd' },
    });
    const events = await readEventsOf(world.db, ['proof.revoked'], { afterId: 0, upToId: 10_000 });
    expect(events).toMatchObject([{ replacementId: view.id, data: { shape: 'modified file /etc/motd' } }]);
    expect((await findReplacement(world.db, view.id))?.revokedAt).toBe(revocation!.revokedAt);
  });

  it.each([
    ['another shape comes', '/etc/issue', 1],
    ['it comes back after more than a day', '/etc/motd', 25],
  ])('never when %s', async (_, name, hours) => {
    const world = await aReplacementWorld();
    const { controller, view } = await aProven(world);
    world.clock.advance(hours * hourMs);
    await drift(world, view.newInstanceId!, name);

    await controller.tick();

    expect(await findRevocation(world.db, view.id)).toBeUndefined();
  });
});
