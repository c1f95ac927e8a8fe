import { describe, expect, it } from 'vitest';
import { type BacktestOf, backtest } from '../../../server/replace/backtest.ts';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import type { Past, PastInstance } from '../../../server/replace/past.ts';
import type { InstanceDrift } from '../../../server/replace/snapshot.ts';
import { timestamp } from '../../../shared/clock.ts';
import { aGroup, anImageDigest } from '../../support/builders.ts';
import { aGroupSnapshot, anImage, aPolicy, aSnapshot, now } from '../../support/snapshot.ts';

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
const from = now - 30 * dayMs;
const formerDigest = 'sha256:former';

let counter = 0;
function aPast(overrides: Partial<PastInstance> = {}): PastInstance {
  const id = `past-${counter++}`;
  return {
    ...{ id, group: 'web', providerId: `machine of ${id}`, launchKey: null, imageDigest: anImageDigest },
    ...{ enrolledAt: from - dayMs, goneAt: Infinity, doubtedSince: null, drifts: [], liftedAt: [] },
    looked: [{ from: from - dayMs, to: now }],
    ...overrides,
  };
}
const aDrift = (
  firstSeenAt: number,
  shape = `shape ${counter++}`,
  overrides: Partial<InstanceDrift> = {},
): InstanceDrift => ({
  ...{ fingerprint: `${shape} ${firstSeenAt}`, shape, severity: 'high', firstSeenAt, heldUntil: null },
  ...overrides,
});
const healthy = (count: number) => Array.from({ length: count }, () => aPast());

function run(
  instances: readonly PastInstance[],
  policies: readonly VersionedPolicy[],
  overrides: Partial<Past> = {},
  group = aGroup(),
  workMax = 1_000_000,
) {
  const past: Past = {
    ...{ instances, replacements: [], resets: new Map(), groupsChangedAt: new Map(), knownSince: 0 },
    images: new Map([
      [anImageDigest, anImage],
      [formerDigest, { ...anImage, version: '6', digest: formerDigest }],
    ]),
    ...overrides,
  };
  const options: BacktestOf = {
    live: aSnapshot([aGroupSnapshot({ group })]),
    ...{ past, acting: policies, given: new Set(['web']), from, to: now, evidenceTtlMs: 18 * hourMs, workMax },
  };
  const work = backtest(options);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

describe('what policies would have done', () => {
  it('is nothing where nothing happened', () => {
    const told = run(healthy(200), [aPolicy()]);

    expect(told).toMatchObject({ replaced: 0, mostAtOnce: 0, heldBack: [], trips: [], waiting: 0, coarsestMs: 0 });
  });

  it('is a start when drift had settled', () => {
    const drifted = aPast({ drifts: [aDrift(from + dayMs)] });

    const told = run([drifted, ...healthy(200)], [aPolicy({ triggers: [{ drift: { settle: '10m' } }] })]);

    expect(told.starts).toEqual([
      {
        at: timestamp(from + dayMs + 10 * minuteMs),
        policy: 'web',
        group: 'web',
        instanceId: drifted.id,
        trigger: 'drift',
      },
    ]);
    expect(told.heldBack).toEqual([{ kind: 'settle', instanceHours: expect.closeTo(1 / 6, 3), mostAtOnce: 1 }]);
    expect(told.perDay).toEqual([{ day: timestamp(from + dayMs).slice(0, 10), started: 1 }]);
  });

  it('waits for a window, and says for how long', () => {
    const at = Date.parse(timestamp(from + 2 * dayMs).slice(0, 10));
    const drifted = aPast({ drifts: [aDrift(at + 6 * hourMs)] });
    const windows = [{ allow: '0 2 * * *', duration: '3h', timeZone: 'UTC' }];

    const told = run([drifted, ...healthy(200)], [aPolicy({ windows })]);

    expect(told.starts.map((start) => start.at)).toEqual([timestamp(at + 26 * hourMs)]);
    expect(told.heldBack[0]).toMatchObject({ kind: 'window', instanceHours: expect.closeTo(20, 3) });
    expect(told.longestWaitMs).toBe(20 * hourMs);
  });

  it('is no more at once than budgets allow', () => {
    const drifted = Array.from({ length: 8 }, () => aPast({ drifts: [aDrift(from + dayMs)] }));

    const told = run([...drifted, ...healthy(600)], [aPolicy({ budgets: [{ max: 2 }] })]);

    expect(told).toMatchObject({ replaced: 8, mostAtOnce: 2, waiting: 0 });
    expect(told.heldBack[0]?.kind).toBe('budget');
  });

  it('is nothing for who was pardoned in time, or left', () => {
    const pardoned = aPast({ drifts: [aDrift(from + dayMs)], liftedAt: [from + dayMs + minuteMs] });
    const left = aPast({ drifts: [aDrift(from + dayMs)], goneAt: from + dayMs + minuteMs });

    const told = run([pardoned, left, ...healthy(200)], [aPolicy({ triggers: [{ drift: { settle: '10m' } }] })]);

    expect(told.replaced).toBe(0);
  });

  it('stops where the breaker would have opened, until a person really reset it', () => {
    const alike = Array.from({ length: 12 }, (_, n) => aPast({ drifts: [aDrift(from + dayMs + n, 'alike')] }));

    const stopped = run([...alike, ...healthy(188)], [aPolicy()]);
    const reset = run([...alike, ...healthy(188)], [aPolicy()], { resets: new Map([['web', [from + 3 * dayMs]]]) });

    expect(stopped.trips).toEqual([
      {
        at: expect.stringMatching(timestamp(from + dayMs).slice(0, 10)),
        group: 'web',
        cause: expect.stringContaining('alike'),
      },
    ]);
    expect(stopped.waiting).toBeGreaterThan(5);
    expect(stopped.heldBack[0]).toMatchObject({ kind: 'breaker' });
    expect(reset.replaced).toBe(12);
  });

  it('sees the same machine drift again after it would have been replaced', () => {
    const drifts = [aDrift(from + dayMs, 'tool'), aDrift(from + 2 * dayMs, 'tool')];

    const told = run([aPast({ drifts }), ...healthy(300)], [aPolicy()]);

    expect(told.replaced).toBe(1);
    expect(told.trips).toEqual([
      expect.objectContaining({ cause: expect.stringContaining('as the one that it replaced') }),
    ]);
  });

  it('rolls out an image to all, however many wait alike', () => {
    const old = Array.from({ length: 400 }, () => aPast({ imageDigest: formerDigest }));
    const outdated = aPolicy({ triggers: [{ outdated: true }], budgets: [{ max: 5 }] });

    const told = run(old, [outdated], { groupsChangedAt: new Map([['web', from + dayMs]]) });

    expect(told).toMatchObject({ replaced: 400, waiting: 0, coarsestMs: 0 });
    expect(told.starts[0]?.at).toBe(timestamp(from + dayMs));
    expect(told.heldBack[0]?.mostAtOnce).toBeGreaterThan(350);
    expect(told.assumptions.join()).toContain('what was promoted');
  });

  it('takes who was really replaced and who came for it as one', () => {
    const [old, made] = [
      aPast({ drifts: [aDrift(from + dayMs, 'low', { severity: 'low' })], goneAt: from + 2 * dayMs }),
      aPast(),
    ];
    const heir = { ...made, enrolledAt: from + 2 * dayMs, launchKey: 'r-1', drifts: [aDrift(from + 5 * dayMs)] };
    const replaced = {
      ...{ id: '1', group: 'web', policy: 'web', oldInstanceId: old.id, newInstanceId: heir.id, state: 'succeeded' },
      ...{ createdAt: from + 2 * dayMs - hourMs, retiredAt: from + 2 * dayMs, updatedAt: from + 2 * dayMs + hourMs },
      shapes: [],
    };
    const high = aPolicy({ triggers: [{ drift: { severity: 'high', settle: 0 } }] });

    const told = run([old, heir, ...healthy(200)], [high], { replacements: [replaced] });

    expect(told.starts.map(({ at, instanceId }) => [at, instanceId])).toEqual([[timestamp(from + 5 * dayMs), old.id]]);
  });

  it('is held back by evidence that had expired, until the next look', () => {
    const looked = [
      { from: from - dayMs, to: from + hourMs },
      { from: from + 3 * dayMs, to: now },
    ];
    const told = run([aPast({ looked, drifts: [aDrift(from + 2 * dayMs)] }), ...healthy(200)], [aPolicy()]);

    expect(told.heldBack[0]?.kind).toBe('stale-evidence');
    expect(Date.parse(told.starts[0]!.at)).toBeGreaterThanOrEqual(from + 3 * dayMs);
  });

  it('says how long a replacement is taken to last, and that none has ended yet', () => {
    const { assumptions } = run(healthy(3), [aPolicy()]);
    expect(assumptions).toContainEqual(expect.stringContaining('to learn from'));
    for (const left of ['`manual`', 'exempted', 'quarantine', 'zones and labels', 'silent'])
      expect(assumptions.join(), left).toContain(left);
  });

  it('comes to its end, in steps that it tells, where more happens than it can look at', () => {
    const busy = Array.from({ length: 150 }, (_, n) =>
      aPast({ drifts: [aDrift(from + n * 200 * minuteMs, `own ${n}`, { severity: 'low' })] }),
    );
    const never = aPolicy({ budgets: [{ max: 0 }] });

    const told = run([...busy, ...healthy(800)], [never], {}, aGroup(), 20_000);

    expect(told.coarsestMs).toBeGreaterThan(0);
    expect(told).toMatchObject({ replaced: 0, waiting: 150 });
  });
});
