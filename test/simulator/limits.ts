import type { Policy } from '../../shared/policy.ts';
import { apartOf, isAlone, overdueOf } from './evidence.ts';
import { isOutdated } from './rollouts.ts';
import type { View } from './view.ts';

/** Whether what was begun might: by what selects it, for its reason, and under every limit. Nothing here asks the code under test. */

type Begun = View['replacements'][number];

const hourMs = 3_600_000;
const silentMsMin = 900_000;
const massWithinMs = 600_000;
/** In fleets as small as these. */
const massMin = 3;

/** All that a seed draws: labels are those of groups, and each image is a `web`. */
export function isSelectedBy({ select }: Policy, view: View, one: Begun): boolean {
  const declared = view.groups.find(({ name }) => name === one.group_name)?.spec.labels ?? {};
  const parts = [
    ...(select.group === undefined ? [] : [select.group === one.group_name]),
    ...(select.zone === undefined ? [] : [view.zones.get(one.old_provider_id) === select.zone]),
    ...(select.image === undefined ? [] : [select.image === 'web']),
    ...Object.entries(select.labels ?? {}).map(([key, value]) => declared[key] === value),
  ];
  return parts.length > 0 && parts.every(Boolean);
}

export function actingOn(view: View, one: Begun): readonly Policy[] {
  return view.policies.filter((each) => each.mode === 'enforce' && isSelectedBy(each, view, one));
}

/** Why a replacement was begun for no good reason, or on old news. */
export function unfounded(was: View, is: View, one: Begun): readonly string[] {
  const instance = was.instances.find(({ id }) => id === one.old_instance_id);
  const machine = was.machines.get(one.old_provider_id);
  const { trigger } = JSON.parse(one.cause) as { readonly trigger: string };
  if (instance === undefined) return ['though nobody knows it'];
  const holds = (claims: readonly (readonly [boolean, string])[]) =>
    claims.flatMap(([isSo, why]) => (isSo ? [] : [why]));
  if (trigger === 'silence') {
    const silentMs = is.elapsed - (was.silentSince.get(instance.id) ?? is.elapsed);
    return holds([
      [was.offline.has(instance.id), 'for silence, though it speaks'],
      [machine?.state === 'stopped' || machine?.isImpaired === true, 'for silence, and its machine runs'],
      [silentMs >= silentMsMin, 'for a silence that is too short'],
      [mostSilentAtOnce(was) < massMin, 'for silence, and many fell silent at once'],
    ]);
  }
  if (trigger === 'unverifiable') {
    const blind = was.instances.filter((each) => isUnverifiable(each) && !was.offline.has(each.id));
    return holds([
      [!was.offline.has(instance.id), 'as not verifiable, though it is silent'],
      [isUnverifiable(instance), 'as not verifiable, though it is'],
      [blind.length < massMin, 'as not verifiable, as many others are'],
    ]);
  }
  // What is isolated is as it was then.
  const fresh = [isFresh(instance.scan_finished_at, is) || isAlone(was, instance.id), 'on old news'] as const;
  if (trigger === 'manual') {
    const isAsked = was.requests.some((each) => each.instance_id === instance.id && each.policy === one.policy);
    return holds([fresh, [isAsked, 'by hand, and nobody had asked']]);
  }
  const group = was.groups.find(({ name }) => name === one.group_name);
  const isOld = is.now - Date.parse(instance.enrolled_at) > hourMs;
  // An exemption may have ended in this very step.
  const isTainted = [was, is].some((view) =>
    view.instances.some(({ id, taint_at: at }) => id === instance.id && at !== null),
  );
  return holds([fresh, [isTainted || isOutdated(instance.image_digest, group?.spec) || isOld, 'for nothing']]);
}

function isFresh(scanFinishedAt: string | null, { now, evidenceTtlMs }: View): boolean {
  return typeof scanFinishedAt === 'string' && now - Date.parse(scanFinishedAt) < evidenceTtlMs;
}

function isUnverifiable({ verdict, lifecycle }: View['instances'][number]): boolean {
  return lifecycle !== 'retired' && verdict === 'unverifiable';
}

function mostSilentAtOnce({ instances, offline }: View): number {
  const heard = instances
    .filter(({ id, lifecycle }) => lifecycle !== 'retired' && offline.has(id))
    .map((each) => Date.parse(each.last_seen_at));
  return Math.max(0, ...heard.map((from) => heard.filter((at) => at >= from && at - from <= massWithinMs).length));
}

type Per = NonNullable<Policy['budgets'][number]['per']>;

interface Spent {
  readonly where: string;
  readonly cap: number;
  readonly isCritical: boolean;
  /** One of those that were begun was not dead. */
  readonly takesAway: boolean;
  readonly one: Begun;
  readonly per: Per;
}

/** Of what was begun together, the widest limit counts: which came first is not known here. */
export function overspent(was: View, is: View, begun: readonly Begun[]): readonly string[] {
  const spent = new Map<string, Spent>();
  for (const one of begun) {
    const { trigger, severity } = JSON.parse(one.cause) as { readonly trigger: string; readonly severity?: string };
    const taint = was.instances.find(({ id }) => id === one.old_instance_id)?.taint_severity;
    const isCritical = (trigger === 'drift' ? severity : trigger === 'manual' ? taint : undefined) === 'critical';
    for (const { per, of, capOf } of limitsOn(was, one, trigger)) {
      const where = `${of}, ${JSON.stringify(per)}, ${placeOf(was, per, one)}`;
      const before = spent.get(where);
      const cap = Math.max(before?.cap ?? 0, capOf(membersOf(is, per, one).size));
      const takesAway = !wasDead(was, one) || (before?.takesAway ?? false);
      spent.set(where, { where, cap, per, one, takesAway, isCritical: isCritical || (before?.isCritical ?? false) });
    }
  }
  return [...spent.values()].flatMap(({ where, cap, per, one, takesAway, isCritical }) => {
    const { size, down, quiet, replaced } = membersOf(is, per, one);
    const all = down + (isCritical ? Math.min(quiet, Math.max(0, cap - 1)) : quiet);
    // What is dead may be replaced, so many at once.
    const counted = takesAway ? all : Math.min(all, replaced);
    return counted > cap ? [`${counted} of ${size} are down by our own act, and ${cap} may be (${where})`] : [];
  });
}

function limitsOn(was: View, one: Begun, trigger: string) {
  const acting = actingOn(was, one);
  const share = (percent: number, of: number) => (percent > 0 ? Math.max(1, Math.floor((percent * of) / 100)) : 0);
  const written = acting.flatMap(({ name, budgets }) => [
    ...budgets
      .filter(({ triggers }) => triggers === undefined || (triggers as readonly string[]).includes(trigger))
      .map(({ max, per = 'group' as const }) => ({
        ...{ of: name, per },
        capOf: (size: number) => (typeof max === 'number' ? max : share(Number.parseInt(max, 10), size)),
      })),
    ...(budgets.some(({ triggers, per = 'group' }) => triggers === undefined && per === 'group')
      ? []
      : [{ of: name, per: 'group' as const, capOf: (size: number) => Math.min(share(10, size), 5) }]),
  ]);
  return [
    ...written,
    { of: 'everybody', per: 'fleet' as const, capOf: (size: number) => Math.min(share(1, size), 20) },
  ];
}

type Place = Pick<Begun, 'group_name' | 'old_provider_id'>;

function placeOf(view: View, per: Per, { group_name: group, old_provider_id: machine }: Place): string {
  if (per === 'fleet') return '';
  if (per === 'group') return group;
  if (per === 'zone') return `${group} ${view.zones.get(machine) ?? ''}`;
  return labelOf(view, group, per.label);
}

function labelOf({ groups }: View, group: string, label: string): string {
  return groups.find(({ name }) => name === group)?.spec.labels[label] ?? '';
}

export function sizeOf(view: View, group: string): number {
  return membersOf(view, 'group', { group_name: group, old_provider_id: '' }).size;
}

function membersOf(is: View, per: Per, one: Place) {
  const isThere = (group: string, providerId: string) =>
    placeOf(is, per, { ...one, group_name: group, old_provider_id: providerId }) === placeOf(is, per, one);
  const active = is.replacements.filter(({ state }) => !['succeeded', 'failed'].includes(state));
  const taken = new Set(active.map(({ old_provider_id: id }) => id));
  const made = new Set(active.map(({ id }) => `r-${id}`));
  const own = active.filter((each) => isThere(each.group_name, each.old_provider_id));
  const apart = new Set([...apartOf(is), ...overdueOf(is)]);
  const others = [...is.machines.values()].filter(
    ({ group, providerId, launchKey }) =>
      isThere(group, providerId) && !taken.has(providerId) && !made.has(launchKey ?? '') && !apart.has(providerId),
  );
  const states = others.map(({ group, providerId, state, isImpaired }) => {
    const agents = is.instances.filter((row) => row.provider_id === providerId && row.lifecycle === 'active');
    // What is said to be gone, or to be of another group, has no zone, and nobody knows of it where no agent speaks for it.
    if (is.unlisted.has(providerId) && (per === 'zone' || agents.length === 0)) return 'unknown';
    // Of another group, whose list may have failed, only the agents are known for sure.
    if (group !== one.group_name) return agents.every(({ id }) => !is.offline.has(id)) ? 'up' : 'quiet';
    if (state !== 'running' || isImpaired || agents.length === 0) return 'down';
    return agents.some(({ id }) => !is.offline.has(id)) ? 'up' : 'quiet';
  });
  const count = (wanted: string) => states.filter((state) => state === wanted).length;
  const replaced = own.length;
  const elsewhere = per === 'fleet' ? is.idle : 0;
  return {
    size: others.length + replaced + elsewhere,
    down: replaced + count('down'),
    quiet: count('quiet'),
    replaced,
  };
}

function wasDead(
  { machines, instances, offline }: View,
  { old_provider_id: id, old_instance_id: instance }: Begun,
): boolean {
  const machine = machines.get(id);
  const agent = instances.find((row) => row.id === instance);
  const isOut = machine?.state === 'stopped' || machine?.isImpaired === true;
  return agent?.lifecycle === 'quarantined' || (isOut && offline.has(instance));
}

/** At the point of no return: what can end by itself must not have. */
export function isStillWanted(was: View, one: Begun): boolean {
  const instance = was.instances.find(({ id }) => id === one.old_instance_id);
  const machine = was.machines.get(one.old_provider_id);
  const { trigger } = JSON.parse(one.cause) as { readonly trigger: string };
  const isSilent = was.offline.has(one.old_instance_id);
  if (trigger === 'silence') return isSilent && (machine?.state === 'stopped' || machine?.isImpaired === true);
  if (trigger === 'unverifiable') return !isSilent && instance !== undefined && isUnverifiable(instance);
  return true;
}
