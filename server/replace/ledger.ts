import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Policy } from '../../shared/policy.ts';
import { firstRunsSingly, fleetCap, groupCap, membersOf, startsPerHourMax } from './budget.ts';
import type { Candidate } from './candidates.ts';
import type { FleetSnapshot } from './snapshot.ts';

const hourMs = 3_600_000;

/** What is spent and what is left, while one plan is made. Derived from records at each plan, never counted along. */
export interface Ledger {
  sizeOf(group: string): number;
  /** Why this one may not start now; empty when it may. `acting` are the policies whose caps hold. */
  blockersOf(candidate: Candidate, acting: readonly Policy[]): readonly Blocker[];
  reserve(candidate: Candidate): void;
}

interface Account {
  readonly size: number;
  readonly unavailable: Set<string>;
}

/**
 * A candidate may start when, with it, no more are unavailable than each cap allows. One that is unavailable already
 * counts once: replacing it takes nothing away.
 */
export function openLedger(snapshot: FleetSnapshot, now: number): Ledger {
  const groups = new Map<string, Account>();
  const fleet = { size: 0, unavailable: new Set<string>() };
  for (const [name, group] of snapshot.groups) {
    const { size, unavailable } = membersOf(snapshot, group);
    groups.set(name, { size, unavailable: new Set(unavailable) });
    fleet.size += size;
    for (const key of unavailable) fleet.unavailable.add(key);
  }
  const starts = [...snapshot.starts];
  const running = new Map(
    [...Map.groupBy(snapshot.active, ({ policy }) => policy)].map(([policy, own]) => [policy, own.length]),
  );

  const accountOf = ({ group }: Candidate) => groups.get(group.group.name)!;
  return {
    sizeOf: (group) => groups.get(group)?.size ?? 0,

    blockersOf(candidate, acting) {
      const { instance, policy, severity, cause } = candidate;
      const blockers: Blocker[] = [];
      const own = accountOf(candidate);
      const { cap, of } = groupCap(acting, own.size, cause.trigger);
      const after = withOne(own.unavailable, instance.id);
      if (after > cap) {
        blockers.push(spent('budget', `policy ${of}: ${cap} of ${own.size} may be unavailable, and ${after - 1} are`));
      }

      const wholeCap = fleetCap(fleet.size);
      const open = severity === 'critical' ? wholeCap : wholeCap - reservedForCritical(wholeCap);
      const wholeAfter = withOne(fleet.unavailable, instance.id);
      if (wholeAfter > open) {
        blockers.push(
          spent('fleet-budget', `${open} of the fleet’s ${fleet.size} may be unavailable, and ${wholeAfter - 1} are`),
        );
      }

      const startsOpen = severity === 'critical' ? startsPerHourMax : startsPerHourMax - 1;
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
      accountOf(candidate).unavailable.add(candidate.instance.id);
      fleet.unavailable.add(candidate.instance.id);
      starts.push(now);
      running.set(candidate.policy.name, (running.get(candidate.policy.name) ?? 0) + 1);
    },
  };
}

function withOne(unavailable: ReadonlySet<string>, key: string): number {
  return unavailable.size + (unavailable.has(key) ? 0 : 1);
}

/** One slot stays free for critical drift, where there is more than one. */
function reservedForCritical(cap: number): number {
  return cap > 1 ? 1 : 0;
}

function spent(kind: Blocker['kind'], message: string): Blocker {
  return { kind, message, until: null };
}
