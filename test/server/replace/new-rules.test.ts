import { describe, expect, it } from 'vitest';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { InstanceDrift } from '../../../server/replace/snapshot.ts';
import { highestSeverity } from '../../../shared/severity.ts';
import { aGroupSnapshot, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const minute = 60_000;
const fresh: InstanceDrift = {
  fingerprint: 'f1',
  shape: 'f1',
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

  it('makes what is there by itself no worse: that waits for its own time', () => {
    const own: InstanceDrift = { fingerprint: 'f2', shape: 'f2', severity: 'high', firstSeenAt: now, heldUntil: null };
    const grave: InstanceDrift = { ...fresh, severity: 'critical' };

    const waits = aPolicy({ triggers: [{ drift: { severity: 'high', settle: '1h' } }] });

    const { commands, blocked } = planOf([[grave, own]], now, waits);

    expect(commands).toEqual([]);
    expect(blocked[0]?.blockers).toMatchObject([{ kind: 'settle' }]);
  });

  it('opens no breaker while it triggers nothing, however many have it', () => {
    const many = Array.from({ length: 20 }, () => [fresh]);

    expect(planOf(many, now).trips).toEqual([]);
    expect(planOf(many, now + minute).trips).toHaveLength(1);
  });
});

function planOf(drifts: readonly (readonly InstanceDrift[])[], at: number, policy = aPolicy()) {
  const group = aGroupSnapshot({ instances: drifts.map((own) => aTainted({ drifts: own, taint: taintOf(own) })) });
  return planReplacements(aSnapshot([group]), [policy], at);
}

function taintOf(drifts: readonly InstanceDrift[]) {
  return { severity: drifts.map(({ severity }) => severity).reduce(highestSeverity), since: now - 600_000 };
}
