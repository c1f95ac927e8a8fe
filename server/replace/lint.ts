import type { PolicyWarning } from '../../shared/api-policies.ts';
import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import {
  isAgeTrigger,
  isDriftTrigger,
  isSilenceTrigger,
  isUnverifiableTrigger,
  type Policy,
  type Trigger,
} from '../../shared/policy.ts';
import { selectorText } from '../../shared/selector.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import type { TriggerKind } from '../../shared/trigger-kind.ts';
import { capOf, policyCap } from './budget.ts';
import { candidatesOf, type VersionedPolicy } from './candidates.ts';
import type { FleetSnapshot, GroupSnapshot } from './snapshot.ts';
import { closedBy } from './windows.ts';

const dayMs = 86_400_000;
/** How far ahead windows are looked at: every month has the same of them, and one week more. */
const aheadMs = 38 * dayMs;
/** Where it is not known until when they are closed: twice as long each time, since looking far ahead costs. */
const [stepMsMin, stepMsMax] = [15 * 60_000, 6 * 3_600_000];
/** Moments that are tried. Past it nothing is said against the windows. */
const stepsMax = 4_000;

interface Facts {
  readonly policy: Policy;
  /** Undefined where there is none of that name. */
  readonly group: GroupSnapshot | undefined;
  /** Others that enforce on it. */
  readonly others: readonly Policy[];
  readonly needsMs: number;
  readonly now: number;
}

/** What a person should look at before a policy acts: it would never finish, never match, match all, or fight another. Pure. */
export function lintPolicy(
  policy: Policy,
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  now: number,
): readonly PolicyWarning[] {
  const name = policy.select.group;
  const group = name === undefined ? undefined : snapshot.groups.get(name);
  const others = policies
    .map((stored) => stored.policy)
    .filter(
      (one) => one.name !== policy.name && one.mode === 'enforce' && name !== undefined && one.select.group === name,
    );
  const { verifyWithin, drainTimeout } = policy.strategy;
  const needsMs = group?.typicalMs ?? durationMs(verifyWithin) + durationMs(drainTimeout);
  const facts = { policy, group, others, needsMs, now };
  return [...neverMatches(facts), ...neverFinishes(facts), ...contradicts(facts), ...matchesAll(facts, snapshot)];
}

function neverMatches({ policy, group }: Facts): readonly PolicyWarning[] {
  const warnings: PolicyWarning[] = [];
  const say = (message: string) => warnings.push({ code: 'never-matches', message });
  const { select, triggers } = policy;
  if (selectorText(select) === 'nothing') say('it selects nothing: name a group in `select`');
  else if (select.group !== undefined && group === undefined)
    say(`there is no group ${select.group}: apply it, or mend the name`);
  if (triggers.length === 0) say('it has no trigger: nothing is ever replaced by it');
  if (group !== undefined && triggers.some((one) => 'outdated' in one) && Object.keys(group.group.images).length === 0)
    say(`group ${group.group.name} promotes no image, so nothing there is ever outdated`);
  for (const [n, trigger] of triggers.entries()) {
    const before = triggers.findIndex(
      (other, m) => m !== n && covers(other, trigger) && (m < n || !covers(trigger, other)),
    );
    if (before >= 0)
      say(`trigger ${n + 1} is never the reason: trigger ${before + 1} fires for the same, and no later`);
  }
  return warnings;
}

/** Whenever the one fires, the other has. */
function covers(wide: Trigger, narrow: Trigger): boolean {
  if (isDriftTrigger(wide) && isDriftTrigger(narrow)) {
    const [one, other] = [wide.drift, narrow.drift];
    if (![undefined, other.subject].includes(one.subject) || ![undefined, other.shape].includes(one.shape))
      return false;
    return severityAtLeast(other.severity, one.severity) && durationMs(one.settle) <= durationMs(other.settle);
  }
  if (isAgeTrigger(wide) && isAgeTrigger(narrow)) return durationMs(wide.olderThan) <= durationMs(narrow.olderThan);
  return 'outdated' in wide && 'outdated' in narrow;
}

function neverFinishes(facts: Facts): readonly PolicyWarning[] {
  const { policy, group, needsMs, now } = facts;
  const warnings: PolicyWarning[] = [];
  const say = (message: string) => warnings.push({ code: 'never-finishes', message });
  for (const { max, triggers } of policy.budgets) {
    if (capOf(max, 1) === 0)
      say(`a budget of ${max}${triggers ? ` for ${triggers.join(' and ')}` : ''} lets nothing start`);
  }
  for (const kind of kindsOf(policy)) {
    if (opensFor([policy], kind, needsMs, now)) continue;
    say(`its windows never leave the ${minutes(needsMs)} that a replacement takes (${kind})`);
  }
  const ages = policy.triggers.filter(isAgeTrigger).map(({ olderThan }) => olderThan);
  const [olderThan] = ages.toSorted((a, b) => durationMs(a) - durationMs(b));
  if (olderThan === undefined) return warnings;
  const lifeMs = durationMs(olderThan);
  const eachMs = needsMs + durationMs(policy.strategy.soak);
  if (lifeMs <= eachMs)
    say(`what is ${olderThan} old is replaced, and replacing takes ${minutes(eachMs)}: it never rests`);
  const size = group?.instances.length ?? 0;
  const cap = policyCap(policy, size, 'age');
  if (cap > 0 && lifeMs > eachMs && Math.ceil(size / cap) * eachMs > lifeMs)
    say(
      `${size} instances, ${cap} at once, take longer than the ${olderThan} after which they are old again: it never rests`,
    );
  return warnings;
}

function contradicts({ policy, others, needsMs, now }: Facts): readonly PolicyWarning[] {
  const warnings: PolicyWarning[] = [];
  const say = (message: string) => warnings.push({ code: 'contradicts', message });
  for (const other of others) {
    if (other.budgets.some(({ max, triggers }) => triggers === undefined && capOf(max, 1) === 0))
      say(`policy ${other.name} enforces on the same group, and its budget lets nothing start there`);
    for (const kind of kindsOf(policy)) {
      if (!opensFor([policy], kind, needsMs, now) || !opensFor([other], kind, needsMs, now)) continue;
      if (!opensFor([policy, other], kind, needsMs, now))
        say(
          `policy ${other.name} enforces on the same group, and the windows of both are never open together (${kind})`,
        );
    }
  }
  return warnings;
}

/** A policy that wants everything is right now and then, and most often a slip. */
function matchesAll({ policy, group, now }: Facts, snapshot: FleetSnapshot): readonly PolicyWarning[] {
  const active = group?.instances.filter(({ lifecycle }) => lifecycle === 'active') ?? [];
  if (group === undefined || active.length < 2) return [];
  const wanted = candidatesOf(snapshot, [{ policy, version: 0 }], now);
  if (wanted.length < active.length) return [];
  const kinds = [...new Set(wanted.map(({ cause }) => cause.trigger))].join(' and ');
  const message = `as things stand at ${timestamp(now)} it wants every one of the ${active.length} instances of group ${group.group.name} replaced (${kinds})`;
  return [{ code: 'matches-everything', message }];
}

function kindsOf({ triggers }: Policy): readonly TriggerKind[] {
  const kinds = triggers.map((one): TriggerKind => {
    if (isDriftTrigger(one)) return 'drift';
    if (isAgeTrigger(one)) return 'age';
    if (isSilenceTrigger(one)) return 'silence';
    if (isUnverifiableTrigger(one)) return 'unverifiable';
    return 'manual' in one ? 'manual' : 'outdated';
  });
  return [...new Set(kinds)];
}

/** Whether a replacement that takes so long may start at any time ahead. */
function opensFor(policies: readonly Policy[], kind: TriggerKind, needsMs: number, now: number): boolean {
  let at = now;
  let stepMs = stepMsMin;
  for (let step = 0; step < stepsMax && at < now + aheadMs; step++) {
    const closed = policies.map((one) => closedBy(one, kind, at, needsMs)).filter((one) => one !== undefined);
    if (closed.length === 0) return true;
    const until = Math.max(...closed.map((one) => one.until ?? 0));
    const isKnown = until > at;
    at = isKnown ? until : at + stepMs;
    stepMs = isKnown ? stepMsMin : Math.min(2 * stepMs, stepMsMax);
  }
  return at < now + aheadMs;
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`;
}
