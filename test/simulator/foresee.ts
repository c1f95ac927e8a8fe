import { sql } from 'kysely';
import type { VersionedPolicy } from '../../server/replace/candidates.ts';
import type { Survey } from '../../server/replace/foresight.ts';
import { type Blocked, type Command, type Plan, planReplacements } from '../../server/replace/planner.ts';
import type { FleetSnapshot } from '../../server/replace/snapshot.ts';
import { Policy } from '../../shared/policy.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { idleGroup, type SimulatedWorld } from './world.ts';

/**
 * 3, 10, 11 and 12, of the plan that the server that leads makes at this moment: asking for it changes nothing, the next pass does
 * just that, nobody waits without a reason, no limit lets more begin, and what begins at once is spread over the zones.
 */
export async function foresee(world: SimulatedWorld): Promise<readonly string[]> {
  return world.quietly(async (leader, settle) => {
    const [before, crashes] = [await tracesOf(world), world.crashes()];
    const survey = await atOnce(leader.survey(), settle);
    // It was killed while it planned, and another one has begun.
    if (world.crashes() > crashes) return [];
    if ((await tracesOf(world)) !== before) return ['a plan that was only asked for changed something'];
    if (survey === undefined) return [];
    const seen = { ...survey, plan: planReplacements(survey.snapshot, survey.policies, survey.now) };
    const wrong = [...unexplained(seen), ...loosened(seen), ...skewed(seen)];
    const known = await begunIn(world);
    await atOnce(leader.tick(), settle);
    const begun = (await begunIn(world)).slice(known.length);
    if (world.crashes() === crashes && leader.leads()) wrong.push(...otherwise(seen.plan, begun));
    return wrong;
  });
}

type Seen = Survey & { readonly plan: Plan };

/** What is not there yet waits for time to pass, which it does not. */
async function atOnce<T>(work: Promise<T>, settle: () => Promise<void>): Promise<T | undefined> {
  const [none, failed] = [Symbol('none'), work.catch(() => undefined)];
  await settle();
  const done = await Promise.race([failed, Promise.resolve(none)]);
  return done === none ? undefined : (done as T | undefined);
}

async function tracesOf({ db, cloud, acts }: SimulatedWorld): Promise<string> {
  const { rows } = await sql<{ n: number }>`select total_changes() as n`.execute(db);
  return `${rows[0]?.n} rows, ${cloud.effects.length} effects, ${acts.length} acts`;
}

async function begunIn({ db }: SimulatedWorld): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('replacement')
    .select('old_instance_id')
    .where('group_name', '!=', idleGroup)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.old_instance_id);
}

/** What passes while a plan is carried out: one that is over makes room, and a provider that did not answer is asked again. */
const passing: ReadonlySet<string> = new Set(['budget', 'fleet-budget', 'template']);

/** 10: what was planned begins, and nothing that was held back by more than passes. */
function otherwise({ commands, blocked }: Plan, begun: readonly string[]): string[] {
  const planned = commands.map(({ instanceId }) => instanceId);
  const next = new Set(
    blocked.filter((one) => one.blockers.every(({ kind }) => passing.has(kind))).map((one) => one.instanceId),
  );
  return [
    ...planned.filter((id) => !begun.includes(id)).map((id) => `${id} was planned, and is not begun`),
    ...begun.filter((id) => !planned.includes(id) && !next.has(id)).map((id) => `${id} is begun, and was not planned`),
  ];
}

/** 11: each that is tainted enough for a policy that acts is begun, on its way, or told why not. */
function unexplained({ snapshot, policies, plan, now }: Seen): string[] {
  const told = new Set([...plan.commands, ...plan.blocked].map(({ instanceId }) => instanceId));
  for (const { oldInstanceId } of snapshot.active) told.add(oldInstanceId);
  const made = new Set<string | null>(snapshot.active.map(({ id }) => `r-${id}`));
  const mute = plan.blocked.filter(({ blockers }) => blockers.length === 0);
  const acting = policies.map(({ policy }) => policy).filter(({ mode }) => mode === 'enforce');
  const waiting = [...snapshot.groups.values()].flatMap(({ group, instances }) =>
    instances.filter(
      ({ id, lifecycle, taint, launchKey }) =>
        lifecycle === 'active' &&
        taint !== null &&
        taint.since <= now &&
        !told.has(id) &&
        !made.has(launchKey) &&
        acting.some(
          ({ select, triggers }) =>
            select.group === group.name && select.zone === undefined && triggers.some(wants(taint.severity)),
        ),
    ),
  );
  return [
    ...mute.map(({ instanceId }) => `${instanceId} is held back, and nothing says why`),
    ...waiting.map(({ id }) => `${id} is tainted, and no plan knows of it`),
  ];
}

function wants(severity: Parameters<typeof severityAtLeast>[0]) {
  return (trigger: Policy['triggers'][number]) =>
    'drift' in trigger && severityAtLeast(severity, trigger.drift.severity);
}

/** 3: one more budget, or one more window that denies, lets begin what began without it, or less; one of nothing, nothing. */
function loosened({ snapshot, policies, plan, now }: Seen): string[] {
  const denied = { windows: [{ deny: '* * * * *', duration: '1h', timeZone: 'UTC' }] };
  return [...snapshot.groups.keys()].flatMap((group) => {
    const begun = inGroup(plan, group);
    if (begun.length === 0) return [];
    const limits: readonly { of: string; limits: Record<string, unknown>; may: readonly string[] }[] = [
      { of: 'a window that denies', limits: denied, may: [] },
      { of: 'a budget of nothing', limits: { budgets: [{ max: 0 }] }, may: [] },
      { of: 'a budget of one', limits: { budgets: [{ max: 1 }] }, may: begun },
    ];
    return limits.flatMap(({ of, limits: given, may }) =>
      planWith(snapshot, policies, { group, limits: given }, now)
        .filter((id) => !may.includes(id))
        .map((id) => `with ${of} in ${group}, ${id} begins`),
    );
  });
}

function planWith(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  { group, limits }: { readonly group: string; readonly limits: Readonly<Record<string, unknown>> },
  now: number,
): readonly string[] {
  const said = { kind: 'Policy', name: 'limiting', select: { group }, mode: 'enforce', triggers: [], ...limits };
  return inGroup(planReplacements(snapshot, [...policies, { policy: Policy.parse(said), version: 1 }], now), group);
}

function inGroup({ commands }: Plan, group: string): readonly string[] {
  return commands.filter((one) => one.group === group).map(({ instanceId }) => instanceId);
}

/** What holds back whoever comes too late, wherever it is. */
const ofAll: ReadonlySet<string> = new Set(['fleet-budget', 'first-runs', 'start-rate']);

/** 12: of those that wait alike, the one goes in whose zone the fewest are under way. */
function skewed({ snapshot, plan }: Seen): string[] {
  const zones = new Map(
    [...snapshot.groups.values()].flatMap(({ instances }) =>
      instances.map(({ id, zone }) => [id, zone ?? ''] as const),
    ),
  );
  const load = new Map<string, number>();
  const add = (group: string, zone: string) => load.set(`${group} ${zone}`, loadOf(group, zone) + 1);
  const loadOf = (group: string, zone: string) => load.get(`${group} ${zone}`) ?? 0;
  for (const { group, zone } of snapshot.active) add(group, zone ?? '');
  const late = plan.blocked.filter(({ blockers }) => blockers.every(({ kind }) => ofAll.has(kind)));
  return plan.commands.flatMap((command) => {
    const { group, instanceId } = command;
    const zone = zones.get(instanceId) ?? '';
    const better = late.filter(
      (one) => isAlike(one, command) && loadOf(group, zones.get(one.instanceId) ?? '') < loadOf(group, zone),
    );
    add(group, zone);
    return better.length === 0
      ? []
      : [`${instanceId} goes in zone ${zone}, and ${better[0]!.instanceId} waits where fewer are under way`];
  });
}

function isAlike(one: Blocked, other: Command): boolean {
  const severityOf = ({ cause }: Blocked | Command) => (cause.trigger === 'drift' ? cause.severity : cause.trigger);
  return one.group === other.group && one.policy === other.policy && severityOf(one) === severityOf(other);
}
