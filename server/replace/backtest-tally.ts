import type { Blocker } from '../../shared/api.ts';
import type { Backtest } from '../../shared/api-foresight.ts';
import type { Blocked } from './planner.ts';
import type { Slot, VirtualGroup } from './virtual-fleet.ts';

type Kind = Blocker['kind'];
type Start = Backtest['starts'][number];

/** Sums up a backtest while it runs: of the policies that were asked about alone. */
export interface Tally {
  /** So late it is now: what was held back was so until then. */
  pass(now: number): void;
  trip(trip: Backtest['trips'][number]): void;
  /** Who is held back from now on, in these groups. Answers when that changes by itself, or is to be looked at again. */
  hold(
    blocked: readonly Blocked[],
    groups: readonly VirtualGroup[],
    slots: ReadonlyMap<string, Slot>,
    now: number,
  ): number;
  /** Whether it is one of those asked about. */
  start(start: Start, slot: Slot): boolean;
  end(): void;
  sum(): Omit<Backtest, 'from' | 'to' | 'looks' | 'coarsestMs' | 'assumptions'>;
}

const hourMs = 3_600_000;
const shownMax = 1_000;

export function createTally(from: number, given: ReadonlySet<string>): Tally {
  const starts: Start[] = [];
  const perDay = new Map<string, number>();
  const trips: Backtest['trips'] = [];
  const held = new Map<VirtualGroup, ReadonlyMap<Kind, number>>();
  const waitingOf = new Map<VirtualGroup, { readonly count: number; readonly since: number }>();
  const msOf = new Map<Kind, number>();
  const mostOf = new Map<Kind, number>();
  let [last, replaced, running, mostAtOnce, longestWaitMs] = [from, 0, 0, 0, 0];

  return {
    pass(now) {
      for (const [kind, count] of totals()) {
        msOf.set(kind, (msOf.get(kind) ?? 0) + count * (now - last));
        mostOf.set(kind, Math.max(mostOf.get(kind) ?? 0, count));
      }
      last = now;
    },
    trip: (trip) => void trips.push(trip),
    hold(blocked, groups, slots, now) {
      let next = Infinity;
      const own = new Map<string, Blocked[]>();
      for (const one of blocked) {
        for (const { until } of one.blockers) {
          const at = until === null ? Infinity : Date.parse(until);
          if (at > now && at < next) next = at;
        }
        if (!given.has(one.policy)) continue;
        const list = own.get(one.group);
        if (list === undefined) own.set(one.group, [one]);
        else list.push(one);
      }
      for (const group of groups) note(group, own.get(group.live.group.name) ?? [], slots);
      // What holds the others may have ended without a word.
      const isAnyWaiting = blocked.length > 0 || [...waitingOf.values()].some(({ count }) => count > 0);
      return isAnyWaiting ? Math.min(next, now + hourMs) : next;
    },
    start(start, slot) {
      if (!given.has(start.policy)) return false;
      replaced += 1;
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      longestWaitMs = Math.max(longestWaitMs, Date.parse(start.at) - (slot.wantedAt ?? Infinity));
      const day = start.at.slice(0, 10);
      perDay.set(day, (perDay.get(day) ?? 0) + 1);
      if (starts.length < shownMax) starts.push(start);
      return true;
    },
    end() {
      running -= 1;
    },
    sum() {
      const waiting = [...waitingOf.values()];
      const waits = waiting.filter(({ count }) => count > 0).map(({ since }) => last - since);
      return {
        ...{ replaced, mostAtOnce, starts, trips },
        perDay: [...perDay].map(([day, started]) => ({ day, started })),
        heldBack: [...msOf]
          .filter(([, ms]) => ms > 0)
          .sort(([, a], [, b]) => b - a)
          .map(([kind, ms]) => ({ kind, instanceHours: ms / hourMs, mostAtOnce: mostOf.get(kind) ?? 0 })),
        waiting: waiting.reduce((sum, { count }) => sum + count, 0),
        longestWaitMs: Math.max(longestWaitMs, ...waits),
      };
    },
  };

  function totals(): ReadonlyMap<Kind, number> {
    const sums = new Map<Kind, number>();
    for (const counts of held.values())
      for (const [kind, count] of counts) sums.set(kind, (sums.get(kind) ?? 0) + count);
    return sums;
  }

  /** Those that wait alike are held by what holds the last of them that was shown. */
  function note(group: VirtualGroup, blocked: readonly Blocked[], slots: ReadonlyMap<string, Slot>): void {
    const counts = new Map<Kind, number>();
    const add = ({ blockers }: Blocked, times: number) => {
      for (const kind of new Set(blockers.map((blocker) => blocker.kind)))
        counts.set(kind, (counts.get(kind) ?? 0) + times);
    };
    const byInstance = new Map(blocked.map((one) => [one.instanceId, one]));
    let [count, since] = [byInstance.size, Infinity];
    for (const one of blocked) {
      add(one, 1);
      since = Math.min(since, slots.get(one.instanceId)?.wantedAt ?? Infinity);
    }
    for (const queue of group.waiting.values()) {
      const more = queue.length - group.alikeShown;
      const like = more > 0 ? byInstance.get(queue[group.alikeShown - 1]!.id) : undefined;
      if (like === undefined) continue;
      add(like, more);
      count += more;
    }
    held.set(group, counts);
    waitingOf.set(group, { count, since });
  }
}
