import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Policy } from '../../shared/policy.ts';
import { labelOf } from '../../shared/selector.ts';
import {
  firstRunsSingly,
  fleetCap,
  forEachMember,
  type Limit,
  limitsOf,
  type Member,
  startsPerHourMax,
} from './budget.ts';
import type { Candidate } from './candidates.ts';
import type { FleetSnapshot, GroupSnapshot } from './snapshot.ts';

const hourMs = 3_600_000;

/** What is spent and what is left, while one plan is made. Derived from records at each plan, never counted along. */
export interface Ledger {
  sizeOf(group: string): number;
  /** Replacements under way, this plan's among them. */
  underWayIn(group: string, zone: string | null): number;
  /** Why this one may not start now; empty when it may. `acting` are the policies whose caps hold. */
  blockersOf(candidate: Candidate, acting: readonly Policy[]): readonly Blocker[];
  reserve(candidate: Candidate): void;
}

type Per = Limit['per'];

interface Account {
  size: number;
  /** Those that cannot be missed: `quiet` are only silent, and their machines run. */
  readonly down: Set<string>;
  readonly quiet: Set<string>;
  /** Of those that are down: what is dead, and what is being replaced. */
  readonly dead: Set<string>;
  readonly replaced: Set<string>;
}

interface Book {
  readonly per: Per;
  readonly accounts: Map<string, Account>;
}

/** By what a member belongs to an account. */
interface Place {
  readonly group: GroupSnapshot['group'];
  readonly zone: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A candidate may start when, with it, no more are unavailable than each cap allows. One that is unavailable already
 * counts once: replacing it takes nothing away, so that only those being replaced hold it back.
 */
export function openLedger(snapshot: FleetSnapshot, now: number): Ledger {
  const reserved: Candidate[] = [];
  const books = new Map<string, Book>();
  const starts = [...snapshot.starts];
  const running = countsOf(snapshot.active.map(({ policy }) => policy));
  const underWay = countsOf(snapshot.active.map(({ group, zone = null }) => zoneKey(group, zone)));

  /** All of these by one walk over the fleet. */
  const openBooks = (wanted: readonly Per[]): void => {
    const opened = wanted.map((per): Book => ({ per, accounts: new Map() }));
    for (const book of opened) books.set(nameOf(book.per), book);
    for (const each of snapshot.groups.values()) {
      const { group } = each;
      forEachMember(snapshot.active, each, (member) => {
        const { zone, labels } = member;
        for (const book of opened) note(accountIn(book, { group, zone, labels }), member);
      });
    }
    for (const candidate of reserved)
      for (const book of opened) take(accountIn(book, placeOf(candidate)), candidate.instance.id);
  };
  openBooks(['fleet', 'group']);
  /** The others when they are first asked for: nobody counts by labels that no budget names. */
  const bookOf = (per: Per): Book => {
    if (!books.has(nameOf(per))) openBooks([per]);
    return books.get(nameOf(per))!;
  };
  const accountOf = (per: Per, place: Place) => accountIn(bookOf(per), place);

  return {
    sizeOf: (group) => bookOf('group').accounts.get(group)?.size ?? 0,
    underWayIn: (group, zone) => underWay.get(zoneKey(group, zone)) ?? 0,

    blockersOf(candidate, acting) {
      const { instance, policy, severity, cause } = candidate;
      const place = placeOf(candidate);
      const isCritical = severity === 'critical';
      const blockers: Blocker[] = [];
      for (const { per, cap, of } of strictest(acting, cause.trigger, (per) => accountOf(per, place).size)) {
        const account = accountOf(per, place);
        const after = withOne(account, instance.id, cap, isCritical);
        if (after <= cap) continue;
        const whose = `policy ${of}: ${cap} of ${account.size}${whereText(per, place)}`;
        blockers.push(spent('budget', `${whose} may be unavailable, and ${after - 1} are`));
      }

      const fleet = accountOf('fleet', place);
      const wholeCap = fleetCap(fleet.size);
      const open = isCritical ? wholeCap : wholeCap - reservedForCritical(wholeCap);
      const wholeAfter = withOne(fleet, instance.id, open, isCritical);
      if (wholeAfter > open) {
        blockers.push(
          spent('fleet-budget', `${open} of the fleet’s ${fleet.size} may be unavailable, and ${wholeAfter - 1} are`),
        );
      }

      const startsOpen = isCritical ? startsPerHourMax : startsPerHourMax - 1;
      const recent = starts.filter((at) => at > now - hourMs).sort((a, b) => a - b);
      if (recent.length >= startsOpen) {
        const until = timestamp(recent[recent.length - startsOpen]! + hourMs);
        blockers.push({
          kind: 'start-rate',
          message: `${recent.length} replacements were started within an hour`,
          until,
        });
      }

      const soaked = snapshot.soaked.get(policy.name) ?? 0;
      if (soaked < firstRunsSingly && (running.get(policy.name) ?? 0) > 0) {
        blockers.push(
          spent(
            'first-runs',
            `the first ${firstRunsSingly} replacements of a policy run one at a time; ${soaked} are done`,
          ),
        );
      }
      return blockers;
    },

    reserve(candidate) {
      const { instance, group, policy } = candidate;
      reserved.push(candidate);
      for (const book of books.values()) take(accountIn(book, placeOf(candidate)), instance.id);
      starts.push(now);
      addOne(running, policy.name);
      addOne(underWay, zoneKey(group.group.name, instance.zone));
    },
  };
}

/** For each of what budgets count by, the smallest cap, and whose it is. */
function strictest(acting: readonly Policy[], trigger: Candidate['cause']['trigger'], sizeOf: (per: Per) => number) {
  const least = new Map<string, { readonly per: Per; readonly cap: number; readonly of: string }>();
  for (const policy of acting) {
    for (const { per, capOf } of limitsOf(policy, trigger)) {
      const name = nameOf(per);
      const cap = capOf(sizeOf(per));
      if (cap < (least.get(name)?.cap ?? Number.POSITIVE_INFINITY)) least.set(name, { per, cap, of: policy.name });
    }
  }
  return least.values();
}

function nameOf(per: Per): string {
  return typeof per === 'string' ? per : `label ${per.label}`;
}

function placeOf({ group: { group }, instance: { zone, labels } }: Candidate): Place {
  return { group, zone, labels };
}

function accountIn({ per, accounts }: Book, place: Place): Account {
  const key = keyOf(per, place);
  const known = accounts.get(key);
  if (known) return known;
  const account: Account = { size: 0, down: new Set(), quiet: new Set(), dead: new Set(), replaced: new Set() };
  accounts.set(key, account);
  return account;
}

/** Those without a zone, or without the label, are counted together: what is not known is no way around a budget. */
function keyOf(per: Per, { group, zone, labels }: Place): string {
  if (per === 'fleet') return '';
  if (per === 'group') return group.name;
  if (per === 'zone') return zoneKey(group.name, zone);
  return JSON.stringify(labelOf(per.label, group, { labels }));
}

function whereText(per: Per, { group, zone, labels }: Place): string {
  if (per === 'group') return '';
  if (per === 'fleet') return ' in the fleet';
  if (per === 'zone') return zone === null ? ' without a known zone' : ` in zone ${zone}`;
  const value = labelOf(per.label, group, { labels });
  return value === null ? ` without the label ${per.label}` : ` with ${per.label}=${value}`;
}

function note(account: Account, { key, counts, is }: Member): void {
  account.size += counts;
  if (is === 'available') return;
  account[is].add(key);
  if (is === 'dead' || is === 'replaced') account.down.add(key);
}

function take({ down, quiet, dead, replaced }: Account, key: string): void {
  quiet.delete(key);
  dead.delete(key);
  down.add(key);
  replaced.add(key);
}

/**
 * How many are unavailable when this one is too. Whoever silences agents whose machines run must not shield what is critical:
 * against that, they hold all but one of the cap.
 */
function withOne({ down, quiet, dead, replaced }: Account, key: string, cap: number, isCritical: boolean): number {
  const [gone, silent] = [down, quiet].map((keys) => keys.size - (keys.has(key) ? 1 : 0)) as [number, number];
  const after = gone + (isCritical ? Math.min(silent, Math.max(0, cap - 1)) : silent) + 1;
  // Nothing is taken away by replacing what is dead: two that are must not wait for each other. Only so many at once.
  return dead.has(key) ? Math.min(after, replaced.size + 1) : after;
}

/** One slot stays free for critical drift, where there is more than one. */
function reservedForCritical(cap: number): number {
  return cap > 1 ? 1 : 0;
}

function zoneKey(group: string, zone: string | null): string {
  return `${group} ${zone ?? ''}`;
}

function countsOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) addOne(counts, key);
  return counts;
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function spent(kind: Blocker['kind'], message: string): Blocker {
  return { kind, message, until: null };
}
