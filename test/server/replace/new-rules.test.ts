import { describe, expect, it } from 'vitest';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { InstanceDrift } from '../../../server/replace/snapshot.ts';
import { aGroupSnapshot, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const minute = 60_000;
const fresh: InstanceDrift = {
  fingerprint: 'f1',
  severity: 'high',
  firstSeenAt: now - 600_000,
  heldUntil: now + minute,
};

describe('drift that only new rules find', () => {
  it('triggers nothing until they are an hour old, and says until when', () => {
    const { commands, blocked } = planOf([[fresh]], now);

    expect(commands).toEqual([]);
    expect(blocked[0]?.blockers).toMatchObject([{ kind: 'new-rules', until: new Date(now + minute).toISOString() }]);
  });

  it('triggers like any other from then on', () => {
    expect(planOf([[fresh]], now + minute).commands).toHaveLength(1);
  });

  it('does not hold back what is there by itself', () => {
    const own = { ...fresh, fingerprint: 'f2', heldUntil: null };

    expect(planOf([[fresh, own]], now).commands).toHaveLength(1);
  });

  it('opens no breaker while it triggers nothing, however many have it', () => {
    const many = Array.from({ length: 20 }, () => [fresh]);

    expect(planOf(many, now).trips).toEqual([]);
    expect(planOf(many, now + minute).trips).toHaveLength(1);
  });
});

function planOf(drifts: readonly (readonly InstanceDrift[])[], at: number) {
  const group = aGroupSnapshot({ instances: drifts.map((own) => aTainted({ drifts: own })) });
  return planReplacements(aSnapshot([group]), [aPolicy()], at);
}
