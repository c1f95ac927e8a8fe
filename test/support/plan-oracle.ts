import type { VersionedPolicy } from '../../server/replace/candidates.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from '../../server/replace/snapshot.ts';
import type { Budget, Policy } from '../../shared/policy.ts';
import { severities } from '../../shared/severity.ts';

/**
 * The plan once more, slow and plain, for fleets in which nothing but what is there to be counted holds anything back: budgets,
 * zones, labels, starts and first runs. Everything is counted anew for each candidate. It shares no reckoning with the planner.
 */
export interface OraclePlan {
  /** `policy instance`, in their order. */
  readonly starts: readonly string[];
  /** By `policy instance`: the kinds of what holds it back. */
  readonly blocked: ReadonlyMap<string, readonly string[]>;
}

interface Wish {
  readonly policy: Policy;
  readonly group: GroupSnapshot;
  readonly instance: InstanceSnapshot;
  readonly trigger: 'drift' | 'outdated';
  readonly rank: number;
  readonly since: number;
}

interface Head {
  readonly key: string;
  readonly group: string;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number;
  readonly is: 'up' | 'quiet' | 'down' | 'dead' | 'replaced';
}

export function oraclePlan(snapshot: FleetSnapshot, policies: readonly VersionedPolicy[], now: number): OraclePlan {
  const begun: Wish[] = [];
  const blocked = new Map<string, readonly string[]>();
  const wishes = policies.flatMap(({ policy }) => wishesOf(policy, snapshot));
  for (const rank of [...new Set(wishes.map((wish) => wish.rank))].sort((a, b) => b - a)) {
    let left = wishes.filter((wish) => wish.rank === rank).sort(firstFirst);
    for (const { group } of [...left]) {
      const load = (zone: string | null) =>
        begun.filter((one) => one.group === group && one.instance.zone === zone).length +
        snapshot.active.filter((one) => one.group === group.group.name && (one.zone ?? null) === zone).length;
      const own = left.filter((wish) => wish.group === group);
      const heads = own.filter((wish, n) => own.findIndex((one) => one.instance.zone === wish.instance.zone) === n);
      const next = heads.reduce((best, wish) => {
        const more = load(wish.instance.zone) - load(best.instance.zone);
        return more < 0 || (more === 0 && wish.since < best.since) ? wish : best;
      });
      left = left.filter((wish) => wish !== next);
      if (begun.some(({ instance }) => instance.id === next.instance.id)) continue;
      const kinds = blockersOf(next, snapshot, policies, begun, now);
      if (kinds.length === 0) begun.push(next);
      else blocked.set(nameOf(next), kinds.sort());
    }
  }
  return { starts: begun.map(nameOf), blocked };
}

function nameOf({ policy, instance }: Wish): string {
  return `${policy.name} ${instance.id}`;
}

function firstFirst(a: Wish, b: Wish): number {
  if (a.since !== b.since) return a.since - b.since;
  if (a.instance.id !== b.instance.id) return a.instance.id < b.instance.id ? -1 : 1;
  return a.policy.name < b.policy.name ? -1 : 1;
}

function wishesOf(policy: Policy, { groups, active }: FleetSnapshot): readonly Wish[] {
  return [...groups.values()].flatMap((group) =>
    group.instances.flatMap((instance): Wish[] => {
      if (!selects(policy, group, instance) || !['active', 'quarantined'].includes(instance.lifecycle)) return [];
      if (active.some(({ id, oldInstanceId }) => oldInstanceId === instance.id || instance.launchKey === `r-${id}`))
        return [];
      const { taint, image, enrolledAt } = instance;
      const drift = policy.triggers.find((trigger) => 'drift' in trigger);
      if (drift && taint && severities.indexOf(taint.severity) >= severities.indexOf(drift.drift.severity)) {
        const rank = severities.indexOf(taint.severity);
        return [{ policy, group, instance, trigger: 'drift', rank, since: taint.since }];
      }
      if (image?.version === '7' || !policy.triggers.some((trigger) => 'outdated' in trigger)) return [];
      return [{ policy, group, instance, trigger: 'outdated', rank: -4, since: enrolledAt }];
    }),
  );
}

function selects({ select }: Policy, { group }: GroupSnapshot, { zone, labels }: InstanceSnapshot): boolean {
  if (Object.keys(select).length === 0) return false;
  const all: Readonly<Record<string, string>> = { ...labels, ...group.labels };
  return (
    (select.group ?? group.name) === group.name &&
    (select.zone ?? zone) === zone &&
    Object.entries(select.labels ?? {}).every(([key, value]) => all[key] === value)
  );
}

function blockersOf(
  { policy, group, instance, trigger, rank }: Wish,
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  begun: readonly Wish[],
  now: number,
): string[] {
  const isCritical = rank === severities.indexOf('critical');
  const kinds: string[] = [];
  if (policy.mode !== 'enforce') kinds.push('observe');
  const acting = policies
    .map((one) => one.policy)
    .filter((one) => one === policy || (one.mode === 'enforce' && selects(one, group, instance)));
  const heads = [...snapshot.groups.values()].flatMap((one) => headsOf(one, snapshot));
  const mine: Place = { group: group.group.name, zone: instance.zone ?? '', labels: labelsOf(group, instance) };
  const spent = new Set<string>();
  for (const each of acting) {
    for (const { per = 'group', max } of budgetsOf(each, trigger)) {
      const near = heads.filter((head) => placeOf(per, head) === placeOf(per, mine));
      const size = sizeOf(near);
      const caps = max === 'default' ? [share('10%', size), 5] : [share(max, size)];
      const gone = [...begun.filter((one) => placeOf(per, ofWish(one)) === placeOf(per, mine))];
      if (isOver(near, gone, instance.id, Math.min(...caps), isCritical)) spent.add(JSON.stringify(per));
    }
  }
  for (const _ of spent) kinds.push('budget');
  const cap = Math.min(share('1%', sizeOf(heads)), 20);
  if (isOver(heads, begun, instance.id, cap > 1 && !isCritical ? cap - 1 : cap, isCritical)) kinds.push('fleet-budget');
  const recent = snapshot.starts.filter((at) => at > now - 3_600_000).length + begun.length;
  if (recent >= (isCritical ? 30 : 29)) kinds.push('start-rate');
  const isRunning = [...snapshot.active, ...begun.map((one) => ({ policy: one.policy.name }))].some(
    (one) => one.policy === policy.name,
  );
  if (isRunning && (snapshot.soaked.get(policy.name) ?? 0) < 3) kinds.push('first-runs');
  return kinds;
}

type Place = Pick<Head, 'group' | 'zone' | 'labels'>;

function ofWish({ group, instance }: Wish): Place {
  return { group: group.group.name, zone: instance.zone ?? '', labels: labelsOf(group, instance) };
}

function labelsOf({ group }: GroupSnapshot, { labels }: Pick<InstanceSnapshot, 'labels'>) {
  return { ...labels, ...group.labels };
}

function placeOf(per: NonNullable<Budget['per']>, { group, zone, labels }: Place): string {
  if (per === 'fleet') return 'all';
  if (per === 'group') return group;
  if (per === 'zone') return `${group}/${zone}`;
  return per.label in labels ? `has ${labels[per.label]}` : 'has none';
}

function budgetsOf({ budgets }: Policy, trigger: Wish['trigger']) {
  const mine = budgets.filter(({ triggers = [trigger] }) => triggers.includes(trigger));
  const isWhole = mine.some(({ per = 'group', triggers }) => per === 'group' && triggers === undefined);
  return isWhole ? mine : [...mine, { per: 'group' as const, max: 'default' as const }];
}

function share(max: Budget['max'], size: number): number {
  if (typeof max === 'number') return max;
  const percent = Number.parseInt(max, 10);
  return percent === 0 ? 0 : Math.max(1, Math.floor((percent * size) / 100));
}

function sizeOf(heads: readonly Head[]): number {
  return heads.reduce((size, { counts }) => size + counts, 0);
}

/** With this one too. */
function isOver(near: readonly Head[], begun: readonly (Wish | Place)[], id: string, cap: number, isCritical: boolean) {
  const taken = begun.map((one) => ('instance' in one ? one.instance.id : ''));
  const isDown = (head: Head) => ['down', 'dead', 'replaced'].includes(head.is) || taken.includes(head.key);
  const replaced = near.filter((head) => head.is === 'replaced' || taken.includes(head.key)).length;
  const down = new Set([...near.filter(isDown).map(({ key }) => key), ...taken, id]);
  const quiet = near.filter((head) => head.is === 'quiet' && !down.has(head.key)).length;
  const after = down.size + (isCritical ? Math.min(quiet, Math.max(0, cap - 1)) : quiet);
  return (near.some((head) => head.key === id && head.is === 'dead') ? Math.min(after, replaced + 1) : after) > cap;
}

/** Each machine of a group, each agent that no machine stands behind, and for each replacement one. */
function headsOf(one: GroupSnapshot, { active }: FleetSnapshot): readonly Head[] {
  const { group, machines, instances, bystanders = 0 } = one;
  const own = active.filter((replacement) => replacement.group === group.name);
  const isOfOwn = (key: string | null) => own.some(({ id }) => key === `r-${id}`);
  const heads = own.map(
    ({ oldInstanceId: key, zone, labels }): Head => ({
      ...{
        key,
        group: group.name,
        zone: zone ?? '',
        labels: { ...labels, ...group.labels },
        counts: 1,
        is: 'replaced',
      },
    }),
  );
  heads.push({ key: '', group: group.name, zone: '', labels: group.labels, counts: bystanders, is: 'up' });
  for (const instance of instances) {
    if (own.some(({ oldInstanceId }) => oldInstanceId === instance.id) || isOfOwn(instance.launchKey)) continue;
    const { id, providerId, zone, lifecycle, online } = instance;
    const machine = machines?.find((each) => each.providerId === providerId);
    const runs = machines === null || providerId === null || (machine?.state === 'running' && !machine.isImpaired);
    const isOut = machine?.state === 'stopped' || machine?.isImpaired === true;
    const isDead = lifecycle === 'quarantined' || (!online && isOut);
    const is = isDead ? 'dead' : lifecycle !== 'active' || !runs ? 'down' : online ? 'up' : 'quiet';
    const counts = (machines === null ? providerId !== null : machine !== undefined) ? 1 : 0;
    heads.push({ key: id, group: group.name, zone: zone ?? '', labels: labelsOf(one, instance), counts, is });
  }
  for (const { providerId, launchKey, zone } of machines ?? []) {
    if (isOfOwn(launchKey) || instances.some((instance) => instance.providerId === providerId)) continue;
    const place = { group: group.name, zone: zone ?? '', labels: group.labels };
    heads.push({ key: `only ${providerId}`, ...place, counts: 1, is: 'down' });
  }
  return heads;
}
