import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../server/replace/replacement.ts';
import type { World } from '../../../server/replace/world.ts';
import type { StoredInstance } from '../../../server/store/instance-store.ts';
import type { Replacement } from '../../../server/store/replacement-store.ts';
import { replacementStates } from '../../../shared/api.ts';
import { aCoverage, aGroup, anImageDigest } from '../../support/builders.ts';
import { anImage, aPolicy, now } from '../../support/snapshot.ts';

const launchedAt = now - 10_000;
const at = (ms: number) => new Date(ms).toISOString();

function anInstance(overrides: Partial<StoredInstance>): StoredInstance {
  return {
    ...{ id: 'old', keyId: 'key old', publicKey: '', group: 'web', imageDigest: anImageDigest, labels: {} },
    ...{ launchKey: null, providerId: 'm-old', lifecycle: 'active', verdict: 'in_sync', verdictAt: at(now) },
    ...{ taint: null, exemptUntil: null, boot: 1, seq: 1, rules: 1, stateDigest: 'digest', coverage: aCoverage() },
    ...{ pendingScan: null, doubts: [] },
    scan: { scanId: 's', boot: 1, seq: 1, startedAt: at(launchedAt + 1), finishedAt: at(launchedAt + 2) },
    ...{ enrolledAt: at(now), lastSeenAt: at(now), agentVersion: '0', facts: {} },
    ...{ enrolledBy: 'token', enrolledWith: null, startedFrom: null },
    ...overrides,
  };
}

function aReplacement(overrides: Partial<Replacement> = {}): Replacement {
  const state = overrides.state ?? 'verifying';
  return {
    ...{ id: '1', group: 'web', policy: 'web', policyVersion: 1, policyDigest: null, targetDigest: anImageDigest },
    ...{ approval: null },
    cause: { trigger: 'drift', severity: 'high', fingerprints: [] },
    ...{ shapes: [], soakEndsAt: null },
    ...{ oldInstanceId: 'old', oldProviderId: 'm-old', newInstanceId: null, newProviderId: 'm-new' },
    ...{ order: 'launch-first' as const, keeping: null },
    ...{ launchedAt, retiredAt: null, deadlineAt: now + 60_000, attempts: 0, scan: null, error: null },
    ...{ createdAt: launchedAt, updatedAt: launchedAt, path: [state], state },
    ...overrides,
  };
}

/** Everything is as it should be: the new instance is clean, nothing objects, and the old machine is drained. */
function aWorld(overrides: Partial<World> = {}): World {
  return {
    machines: [
      { providerId: 'm-old', launchKey: null, state: 'draining', drainedBy: 'r-1' },
      { providerId: 'm-new', launchKey: 'r-1', state: 'running', drainedBy: null },
    ],
    group: aGroup(),
    breaker: null,
    policyVersion: 1,
    holds: [],
    consent: null,
    target: anImage,
    paused: null,
    policy: aPolicy().policy,
    acting: [aPolicy().policy],
    old: {
      ...anInstance({ lifecycle: 'replacing', taint: { severity: 'high', since: at(now) } }),
      ...{ image: anImage, zone: null, content: 'drifted', online: true },
    },
    new: {
      ...anInstance({ id: 'new', keyId: 'key new', launchKey: 'r-1', providerId: 'm-new' }),
      ...{ content: 'in_sync', online: true, isScanOnRecord: true },
    },
    look: null,
    rulesInForce: null,
    evidence: { wanted: null, isFull: false, record: null },
    template: { image: 'web@7' },
    drained: true,
    terminated: true,
    ...overrides,
  };
}

const good = aWorld();
const closed = aPolicy({ windows: [{ deny: '* * * * *', duration: '1h', timeZone: 'UTC' }] }).policy;
/** Each makes the world one in which the old machine must not be ended. */
const bad: Readonly<Record<string, Partial<World>>> = {
  'the provider cannot be asked': { machines: null },
  'the new machine is not listed': { machines: [good.machines![0]!] },
  'the new machine stopped': { machines: [good.machines![0]!, { ...good.machines![1]!, state: 'stopped' }] },
  'the group is gone': { group: null },
  'the group is not stateless': { group: aGroup({ stateless: false }) },
  'the breaker is open': { breaker: 'too much' },
  'the target is not promoted any more': { group: aGroup({ images: { stable: 'web@6' } }) },
  'the target is gone': { target: null },
  'the rollout is paused': { paused: 'two of two drifted' },
  'the policy is gone': { policy: null },
  'the policy observes': { policy: aPolicy({ mode: 'observe' }).policy },
  'the policy selects another group': { policy: aPolicy({ select: { group: 'other' } }).policy },
  'its windows have been closed for long': { policy: closed, acting: [closed] },
  'the windows of another policy have been closed for long': { acting: [aPolicy().policy, closed] },
  'the drift was pardoned': { old: { ...good.old!, taint: null } },
  'the old instance is not being replaced': { old: { ...good.old!, lifecycle: 'active' } },
  'the new instance never enrolled': { new: null },
  'the new instance drifted': { new: { ...good.new!, content: 'drifted' } },
  'the new instance had drifted': { new: { ...good.new!, taint: { severity: 'low', since: at(now) } } },
  'the new instance is unverifiable': { new: { ...good.new!, content: 'unverifiable' } },
  'the old machine is not drained': { drained: false },
  'the old machine is said to be drained, and listed in service': {
    machines: [{ ...good.machines![0]!, state: 'running', drainedBy: null }, good.machines![1]!],
  },
};

describe('the point of no return', () => {
  it('is passed when all is well', () => {
    const step = nextStep(aReplacement({ state: 'draining' }), good, now);

    expect(step).toMatchObject({ do: 'move', move: { to: 'terminating' } });
  });

  it.each(Object.entries(bad))('is not passed when %s', (_, overrides) => {
    const step = nextStep(aReplacement({ state: 'draining' }), aWorld(overrides), now);

    expect(step).not.toMatchObject({ do: 'move', move: { to: 'terminating' } });
  });

  it('is passed from draining only, and nothing before it ends the old machine', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...replacementStates),
        fc.subarray(Object.values(bad)),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: -100_000, max: 100_000 }),
        (state, wrongs, attempts, offset) => {
          const world = aWorld(Object.assign({}, ...wrongs));

          const step = nextStep(aReplacement({ state, attempts }), world, now + offset);

          if (step.do === 'move' && step.move.to === 'terminating') expect([state, wrongs]).toEqual(['draining', []]);
          if (step.do === 'call' && step.call === 'terminate') expect(state).toBe('terminating');
          if (step.do === 'move' && step.effects.retire === 'old') expect(['terminating', 'stuck']).toContain(state);
          if (step.do === 'call' && world.machines === null) expect(step.call).toBe('drain');
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is never taken back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('terminating', 'proving', 'soaking'),
        fc.subarray(Object.values(bad)),
        fc.integer({ min: 0, max: 9 }),
        (state, wrongs, attempts) => {
          const step = nextStep(aReplacement({ state, attempts }), aWorld(Object.assign({}, ...wrongs)), now);

          if (step.do === 'move') {
            expect(step.move.to).not.toBe('rolling_back');
            expect(step.effects).not.toHaveProperty('release');
            expect(step.effects.retire).not.toBe('new');
          }
          if (step.do === 'call') expect(step.call).toBe(state === 'soaking' ? 'sweep' : 'terminate');
        },
      ),
    );
  });
});

describe('unknown is not failed', () => {
  it('takes for gone what is not listed, and only once its end was asked for and answered', () => {
    const world = aWorld({ machines: [{ providerId: 'm-new', launchKey: 'r-1', state: 'running', drainedBy: null }] });
    const replacement = aReplacement({ state: 'terminating' });

    const [asked, left] = [true, false].map((terminated) => nextStep(replacement, { ...world, terminated }, now));

    expect(asked).toMatchObject({ do: 'move', move: { to: 'proving' }, effects: { retire: 'old' } });
    expect(left).toEqual({ do: 'call', call: 'terminate' });
  });

  it.each(['launching', 'draining', 'terminating', 'rolling_back'] as const)(
    '%s waits for a provider that cannot be asked',
    (state) => {
      const step = nextStep(aReplacement({ state }), aWorld({ machines: null, new: null }), now);

      expect(step).toEqual({ do: 'wait' });
    },
  );

  it('a machine that is still starting is asked for again, with pauses that grow', () => {
    const machines = [{ providerId: 'm-new', launchKey: 'r-1', state: 'starting' as const, drainedBy: null }];
    const world = aWorld({ machines });
    const attempted = aReplacement({ state: 'launching', attempts: 3, updatedAt: now });

    const steps = [now, now + 3_999, now + 4_000].map((time) => nextStep(attempted, world, time).do);

    expect(steps).toEqual(['wait', 'wait', 'call']);
  });
});

describe('the first clean scan', () => {
  it.each<[string, Partial<NonNullable<World['new']>>]>([
    ['of a scan that began before the launch', { scan: { ...good.new!.scan!, startedAt: at(launchedAt - 1) } }],
    ['of the key of the predecessor', { keyId: 'key old' }],
    ['of another image', { imageDigest: 'sha256:other' }],
    ['of another launch', { launchKey: 'r-2' }],
    ['without a complete scan', { scan: null }],
    ['with a hole', { coverage: aCoverage({ holes: [{ subject: 'file', name: '/x', reason: 'unreadable' }] }) }],
    ['that looked at nothing', { coverage: aCoverage({ checked: 0 }) }],
    ['of an agent that is not connected', { online: false }],
    ['of which a check has mended the holes since', { isScanOnRecord: false }],
  ])('is not one %s', (_, overrides) => {
    const world = aWorld({ new: { ...good.new!, ...overrides } });

    const waiting = nextStep(aReplacement(), world, now);
    const late = nextStep(aReplacement(), world, now + 60_000);

    expect(waiting).toEqual({ do: 'wait' });
    expect(late).toMatchObject({ do: 'move', move: { to: 'rolling_back' } });
  });

  it('is not one by rules older than those in force, and is one by newer ones', () => {
    const made = { ...good.new!, rules: 2 };

    expect(nextStep(aReplacement(), aWorld({ new: made, rulesInForce: 3 }), now)).toEqual({ do: 'wait' });
    for (const rulesInForce of [null, 1, 2]) {
      expect(nextStep(aReplacement(), aWorld({ new: made, rulesInForce }), now)).toMatchObject({
        move: { to: 'draining' },
      });
    }
  });

  it('that shows drift rolls back and opens the breaker', () => {
    const step = nextStep(aReplacement(), aWorld({ new: { ...good.new!, content: 'drifted' } }), now);

    expect(step).toMatchObject({ do: 'move', move: { to: 'rolling_back' }, effects: { trip: expect.any(String) } });
  });
});

describe('a launch that made two machines', () => {
  const both = aWorld({ machines: [...good.machines!, { ...good.machines![1]!, providerId: 'm-twin' }] });

  it('is rolled back: nobody can tell on which of them the agent runs', () => {
    expect(nextStep(aReplacement(), both, now)).toMatchObject({ do: 'move', move: { to: 'rolling_back' } });
  });

  it('is no success while either of them is there', () => {
    const step = nextStep(aReplacement({ state: 'rolling_back', attempts: 0 }), both, now);

    expect(step).toMatchObject({ do: 'call' });
  });

  it('needs a person where the predecessor has gone', () => {
    const past = aReplacement({ path: ['terminating', 'launching', 'verifying'], order: 'terminate-first' });

    expect(nextStep(past, both, now)).toMatchObject({ do: 'move', move: { to: 'stuck' } });
  });
});

describe('a soak that is over', () => {
  const soakEndsAt = launchedAt;
  const soaked = aReplacement({ state: 'soaking', deadlineAt: soakEndsAt, soakEndsAt, updatedAt: now });
  const before = aWorld({ new: { ...good.new!, scan: { ...good.new!.scan!, startedAt: at(soakEndsAt - 1) } } });
  const earlier = { ...soaked, launchedAt: launchedAt - 1_000 };

  it('is proven by a clean scan that began after it', () => {
    expect(nextStep(soaked, good, now)).toEqual({ do: 'prove' });
  });

  it('asks for a sweep, with pauses that grow, where there is none', () => {
    expect(nextStep(earlier, before, now)).toEqual({ do: 'call', call: 'sweep' });
    const asked = { ...earlier, attempts: 1 };
    expect([now, now + 1_000].map((time) => nextStep(asked, before, time).do)).toEqual(['wait', 'call']);
  });

  it('is not proven by the scan of before, though by a clock that was set back it came after', () => {
    const scan = { ...good.new!.scan!, stateDigest: 'digest', rules: 1, coverage: aCoverage() };

    expect(nextStep({ ...soaked, scan }, good, now)).toEqual({ do: 'call', call: 'sweep' });
  });

  it('needs a person when none comes', () => {
    const late = nextStep(earlier, before, soakEndsAt + 600_000);

    expect(late).toMatchObject({
      do: 'move',
      move: { to: 'stuck', detail: expect.stringContaining('before the soak') },
    });
  });

  it('has failed when the new machine is gone, and its agent with it: nobody can help it to a proof', () => {
    const gone = { machines: [], new: { ...good.new!, online: false } };

    const [soon, late] = [0, 600_000].map((ms) => nextStep(earlier, aWorld(gone), soakEndsAt + ms));

    expect(soon).toEqual({ do: 'wait' });
    expect(late).toMatchObject({ do: 'move', move: { to: 'failed' }, effects: { blame: true } });
  });

  it.each<[string, Partial<World>]>([
    ['an agent that is away', { new: { ...good.new!, online: false } }],
    ['a machine that stopped', { machines: [{ ...good.machines![1]!, state: 'stopped' }] }],
    ['a provider that cannot be asked', { machines: null }],
  ])('is neither proven nor asked about with %s', (_, overrides) => {
    expect(nextStep(soaked, aWorld(overrides), now)).toEqual({ do: 'wait' });
  });
});

describe('a replacement stuck while it soaked', () => {
  const stuck = aReplacement({
    ...{ state: 'stuck', deadlineAt: null, soakEndsAt: launchedAt, updatedAt: now - 60_000 },
    path: ['soaking', 'stuck'],
  });

  it('is proven when its new instance is measured clean after all', () => {
    expect(nextStep(stuck, good, now)).toEqual({ do: 'prove' });
  });

  it('waits until then', () => {
    const step = nextStep(stuck, aWorld({ new: { ...good.new!, online: false } }), now);

    expect(step).toEqual({ do: 'wait' });
  });
});
