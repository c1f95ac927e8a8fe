import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { endLook, requestLook } from '../../server/store/look-store.ts';
import { findReplacement } from '../../server/store/views/replacements-view.ts';
import type { LookMeasure, LookOutcome } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { verifyProof } from '../../shared/proof.ts';
import { anImageDigest } from '../support/builders.ts';
import { codeOf } from '../support/code-of.ts';
import { aKeyPair, aProofStatement, signedProof } from '../support/proofs.ts';
import { aReplacementWorld, type ReplacementWorld, signer } from '../support/replacement-world.ts';

const strategy = { verifyWithin: '60s', drainTimeout: '30s', soak: '5s', proof: 'outside' };
const ended = (world: ReplacementWorld) => async () => {
  const all = await world.replacements();
  return all.length > 0 && all.every(({ state }) => state === 'succeeded' || state === 'failed' || state === 'stuck');
};

/** Looks that are made at once, with these ends one after the other; the last one again and again. */
function lookingAs(world: ReplacementWorld, ...outcomes: readonly [LookOutcome, LookMeasure['verdict']][]) {
  const asked: string[] = [];
  world.look = async (instanceId) => {
    const [outcome, verdict] = outcomes[Math.min(asked.length, outcomes.length - 1)]!;
    asked.push(instanceId);
    const now = world.clock.now();
    const look = await requestLook(world.db, { instanceId, group: 'web', why: 'proof' }, now);
    const counts = { findings: 0, entries: 9, checked: 9, filesHashed: 7, bytesHashed: 70, holes: [], holesCount: 0 };
    const times = { startedAt: timestamp(now), finishedAt: timestamp(now) };
    const measure = { imageDigest: anImageDigest, rules: 1, verdict, ...times, ...counts };
    const result = { measure, differences: [], differencesCount: 0, leftOut: 0, unseen: 0, rounds: 1 };
    await endLook(world.db, look, { outcome, detail: `it ${outcome}`, result }, timestamp(now));
  };
  return asked;
}

describe('a proof for which the policy asks for an outside look', () => {
  it('names the look that saw the new instance clean, before the old one went', async () => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);
    const asked = lookingAs(world, ['agrees', 'in_sync']);

    await world.until(world.control(), ended(world));

    const [replacement] = await world.replacements();
    const view = await findReplacement(world.db, replacement!.id);
    const { predicate } = verifyProof(view!.proof!, [createPublicKey(signer.publicPem)]);
    expect(predicate.outside).toMatchObject({ verdict: 'in_sync', checked: 9, imageDigest: anImageDigest });
    expect(asked).toEqual([view!.newInstanceId]);
    expect(view!.steps.find(({ state }) => state === 'draining')?.detail).toContain('from outside');
  });

  it('is not there without: the old instance stays when nobody can look', async () => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);

    await world.until(world.control(), ended(world));

    expect(await world.replacements()).toMatchObject([
      { state: 'failed', error: expect.stringContaining('not seen clean from outside') },
    ]);
    expect(await world.states((await world.replacements())[0]!.id)).not.toContain('terminating');
  });

  it.each<[LookOutcome, LookMeasure['verdict']]>([
    ['failed', 'in_sync'],
    ['undecided', 'in_sync'],
    ['differs', 'drifted'],
    ['agrees', 'drifted'],
    ['agrees', 'unverifiable'],
  ])('is not made of a look that %s and saw it %s', async (outcome, verdict) => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);
    const asked = lookingAs(world, [outcome, verdict]);

    await world.until(world.control(), ended(world));

    const [replacement] = await world.replacements();
    expect(replacement).toMatchObject({ state: 'failed' });
    expect((await findReplacement(world.db, replacement!.id))!.proof).toBeNull();
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(5);
  });

  it('is made by the look that comes after one that failed', async () => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);
    const asked = lookingAs(world, ['failed', 'in_sync'], ['agrees', 'in_sync']);

    await world.until(world.control(), ended(world));

    expect(await world.replacements()).toMatchObject([{ state: 'succeeded' }]);
    expect(asked).toHaveLength(2);
  });

  it('has no look in it where the policy asks for none', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);

    await world.until(world.control(), ended(world));

    const view = await findReplacement(world.db, (await world.replacements())[0]!.id);
    expect(verifyProof(view!.proof!, [createPublicKey(signer.publicPem)]).predicate.outside).toBeUndefined();
  });
});

describe('a signed proof with an outside look', () => {
  const { privateKey, publicKey } = aKeyPair();
  const outside = {
    ...{ lookId: 'look', startedAt: '2026-01-01T00:01:00.000Z', finishedAt: '2026-01-01T00:02:00.000Z' },
    ...{ verdict: 'in_sync' as const, imageDigest: anImageDigest, rules: 1 },
    ...{ entries: 9, checked: 9, filesHashed: 7, bytesHashed: 70 },
  };

  it('holds', () => {
    verifyProof(signedProof(aProofStatement({ outside }), privateKey), [publicKey]);
  });

  it.each([
    ['from before the launch', { startedAt: '2025-12-31T23:59:59.999Z' }],
    ['for another image', { imageDigest: `sha256:${'0'.repeat(64)}` }],
  ])('does not hold with a look %s', (_what, spoilt) => {
    const proof = signedProof(aProofStatement({ outside: { ...outside, ...spoilt } }), privateKey);

    expect(codeOf(() => verifyProof(proof, [publicKey]))).toBe('PROOF');
  });
});
