import type { CanarySettings } from '../../shared/policy.ts';
import type { Random } from '../support/random.ts';

/** What a seed makes: groups, policies, and how bad the world is. */

export interface Scene {
  readonly groups: readonly {
    readonly name: string;
    readonly size: number;
    readonly canary: CanarySettings | undefined;
  }[];
  /** Every instance of web@9 drifts. */
  readonly badImage: boolean;
  readonly promoteShare: number;
  readonly policies: readonly Record<string, unknown>[];
  /** Of all calls to the provider. */
  readonly faultShare: number;
  /** Of all calls to it, those that it answers and does not do as it says; of all steps, those in which it begins another lie. */
  readonly lieShare: number;
  /** So many more machines, in a group that nothing happens in: of a hundred one may be missing, of four hundred four. */
  readonly idle: number;
  /** Each policy has had its first replacements before: they run one by one. */
  readonly isExperienced: boolean;
  /** A group in which no machine can be launched, also when all else is well. */
  readonly failing: string | null;
  /** Of all steps, those in which all of a group drift alike, or fall silent, at once. */
  readonly massShare: number;
  /** Of all agents of new machines, those that are not clean, or silent, or of another image. */
  readonly badAgentShare: number;
  readonly taintShare: number;
  readonly crashShare: number;
  /** Of all steps, those in which a person exempts something. */
  readonly exemptShare: number;
  /** Over which machines are spread. */
  readonly zones: readonly (string | null)[];
  /** Over one store and one cloud. */
  readonly servers: number;
  /** Of all steps, those in which the one that leads is stopped for a while. */
  readonly pauseShare: number;
  /** Of all transactions. */
  readonly storeFaultShare: number;
  readonly steps: number;
}

export function drawScene(random: Random): Scene {
  const groups = ['web', 'api'].slice(0, 1 + random.below(2)).map((name) => ({
    ...{ name, size: 3 + random.below(18) },
    canary: random.pick([undefined, { count: 1, soak: '5m' }, { count: 2, soak: '1h' }, { count: '34%', soak: '5m' }]),
  }));
  const failing = random.next() < 0.3 && groups.length > 1 ? 'api' : null;
  const policies = groups.flatMap(({ name }) =>
    Array.from({ length: random.next() < 0.2 ? 2 : 1 }, (_, n) => aPolicy(random, name, `${name}-${n}`, failing)),
  );
  if (random.next() < 0.1) policies.push({ ...aPolicy(random, 'web', 'empty', failing), select: {} });
  return {
    ...{ groups, policies },
    badImage: random.next() < 0.5,
    promoteShare: random.pick([0, 0.02, 0.1]),
    faultShare: random.pick([0, 0, 0.1, 0.4]),
    lieShare: random.pick([0, 0, 0.05, 0.2]),
    idle: random.pick([0, 0, 420]),
    isExperienced: random.next() < 0.5,
    failing,
    massShare: random.pick([0, 0, 0.02, 0.05]),
    badAgentShare: random.pick([0, 0.1, 0.5]),
    taintShare: random.pick([0.05, 0.2, 0.5]),
    crashShare: random.pick([0, 0.05, 0.2]),
    zones: random.pick([[null], ['a'], ['a', 'b'], ['a', 'b', 'c']]),
    steps: 60 + random.below(60),
    ...drawServers(random),
    exemptShare: random.pick([0, 0.05, 0.2]),
  };
}

function drawServers(random: Random): Pick<Scene, 'servers' | 'pauseShare' | 'storeFaultShare'> {
  const servers = random.next() < 0.4 ? 2 : 1;
  return {
    servers,
    pauseShare: servers === 1 ? 0 : random.pick([0, 0.1, 0.3]),
    storeFaultShare: random.pick([0, 0, 0.02, 0.1]),
  };
}

function aPolicy(random: Random, group: string, name: string, failing: string | null): Record<string, unknown> {
  const settle = random.pick([0, '2m']);
  const drift = { severity: random.pick(['low', 'high']), settle };
  const triggers = [{ drift }, { outdated: true }, { olderThan: random.pick(['1h', '3h']) }];
  const others = [{ silent: '15m' }, { unverifiable: '1h' }, { manual: true }].filter(() => random.next() < 0.3);
  return {
    ...{ kind: 'Policy', name, select: aSelector(random, group) },
    mode: random.next() < 0.85 ? 'enforce' : 'observe',
    triggers: [...triggers.slice(0, 1 + random.below(3)), ...others],
    strategy: {
      verifyWithin: random.pick(['60s', '10m']),
      drainTimeout: random.pick(['30s', '5m']),
      soak: random.pick(['5s', '5m']),
      overrunGrace: random.pick(['0', '5m', '30m']),
      // What is missing for good, because its successor cannot be launched, takes from what all others may miss.
      order: failing === null ? random.pick(['launch-first', 'launch-first', 'terminate-first']) : 'launch-first',
      drainDeadline: random.pick(['abort', 'abort', 'wait', 'force']),
    },
    ...(random.next() < 0.4 && { quarantine: aQuarantine(random) }),
    ...(random.next() < 0.7 && { budgets: [aBudget(random), aBudget(random)].slice(random.below(2)) }),
    ...(random.next() < 0.4 && { windows: [aWindow(random)] }),
    ...(random.next() < 0.4 && { approval: { count: random.pick([1, 1, 2]) } }),
  };
}

function aQuarantine(random: Random): Record<string, unknown> {
  return {
    severity: random.pick(['low', 'high', 'critical']),
    keepFor: random.pick(['2m', '1h', '72h']),
    max: random.pick([1, 2, 5]),
  };
}

/** By the label, of which each group has its own or both have one. */
function aSelector(random: Random, group: string): Record<string, unknown> {
  return random.pick([
    ...[{ group }, { group }, { group }, { labels: { of: group } }, { labels: { tier: 'front' } }],
    ...[{ group, zone: 'a' }, { image: 'web' }],
  ]);
}

function aBudget(random: Random): Record<string, unknown> {
  const max = random.pick([0, 1, 1, 2, 3, '10%', '34%']);
  const per = random.pick([undefined, undefined, 'zone', 'fleet', { label: 'tier' }]);
  const triggers = [random.pick(['drift', 'outdated', 'age', 'silence', 'unverifiable', 'manual'])];
  return { max, ...(per && { per }), ...(random.next() < 0.3 && { triggers }) };
}

/** Of whole hours in UTC, so that the invariants know when it is open without our help. */
function aWindow(random: Random): Record<string, unknown> {
  const hour = random.below(4);
  const kind = random.pick(['allow', 'deny']);
  return { [kind]: `0 ${hour} * * *`, duration: `${1 + random.below(4)}h`, timeZone: 'UTC' };
}
