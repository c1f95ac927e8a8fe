import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Keeping } from '../../shared/keeping.ts';
import type { Policy } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { isOver, reportedPercentMin } from '../fleet/absence.ts';
import { type Holds, holdSentence } from '../fleet/hold.ts';
import type { Candidate } from './candidates.ts';
import { keepsOf } from './keeps.ts';
import { once } from './once.ts';
import type { Plan } from './planner.ts';
import { type Mass, massSilence, massUnverifiable } from './silence.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';
import { lackOf, type Target } from './target.ts';
import type { WindowBook } from './windows.ts';

/** Why not now: each says what it has against a candidate, by what it is about. The limits that are counted are in `ledger.ts`. */

const backoffMsMin = 60_000;
const backoffMsMax = 3_600_000;

export function ofHolds({ group, instance }: Candidate, holds: Holds): readonly Blocker[] {
  return holds
    .on(group.group.name, instance.id)
    .map((hold) => ({ kind: 'hold', message: holdSentence(hold), until: hold.expiresAt }));
}

export function ofPolicy({ policy, settledAt, isSettled, heldUntil }: Candidate): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (policy.mode !== 'enforce') {
    blockers.push(blocker('observe', `policy ${policy.name} only observes; \`mode: enforce\` lets it act`));
  }
  if (!isSettled) blockers.push(blocker('settle', 'the drift was seen only just now', settledAt));
  if (heldUntil !== null) {
    blockers.push(
      blocker('new-rules', 'only rules that are in force for less than an hour find drift in it', heldUntil),
    );
  }
  return blockers;
}

/** Of every policy that acts there: where two are at odds, nothing starts. */
export function ofWindows(
  { cause, group }: Candidate,
  acting: readonly Policy[],
  now: number,
  closedBy: WindowBook,
): readonly Blocker[] {
  return acting.flatMap((policy) => {
    const closed = closedBy(policy, cause.trigger, now, group.typicalMs);
    return closed === undefined ? [] : [blocker('window', closed.message, closed.until)];
  });
}

export function ofServer({ absence }: FleetSnapshot): readonly Blocker[] {
  if (absence === null || isOver(absence)) return [];
  const { since, expected, reported } = absence;
  const message = `this server was away from ${timestamp(since)}, and ${reported} of ${expected} instances have reported since: it waits for ${reportedPercentMin} % of them; retire those that will not come back`;
  return [blocker('server-away', message)];
}

export function ofGroup(
  { group, breaker, machines, failures }: GroupSnapshot,
  trips: Plan['trips'],
  now: number,
): Blocker[] {
  const blockers: Blocker[] = [];
  if (!group.stateless) {
    blockers.push(blocker('not-stateless', `nobody has declared group ${group.name} stateless`));
  }
  const keeps = keepsOf(group);
  if (keeps !== undefined) blockers.push(blocker(keeps.kind, keeps.message));
  const cause = breaker?.cause ?? trips.find((trip) => trip.group === group.name)?.cause;
  if (cause !== undefined) blockers.push(blocker('breaker', `the breaker is open until a person resets it: ${cause}`));
  if (machines === null) blockers.push(blocker('provider', 'the provider does not say which machines there are'));
  if (failures !== null) {
    const until = failures.lastAt + Math.min(backoffMsMin * 2 ** Math.min(failures.count - 1, 16), backoffMsMax);
    const times = failures.count === 1 ? 'The last replacement' : `The last ${failures.count} replacements`;
    if (now < until) blockers.push(blocker('retry-backoff', `${times} in this group failed`, until));
  }
  return blockers;
}

/** What would make silence, or holes, no sign of one machine: looked for when somebody asks. */
export function signsOf(snapshot: FleetSnapshot): Signs {
  const [silence, unverifiable] = [once(massSilence), once(massUnverifiable)];
  return { silence: () => silence(snapshot), unverifiable: () => unverifiable(snapshot) };
}

type Signs = Readonly<Record<'silence' | 'unverifiable', () => Mass>>;

export function ofInstance(
  { instance, cause }: Candidate,
  listed: ReadonlySet<string> | null,
  signs: Signs,
  now: number,
): Blocker[] {
  const blockers: Blocker[] = [];
  // Whoever holds a copied key, or claims its machine, could have it ended by what he reports.
  if (instance.isInDoubt) {
    blockers.push(blocker('in-doubt', 'it is not sure which machine it is: a person must look and decide'));
  }
  blockers.push(...ofEvidence(instance, cause, signs, now));
  if (listed !== null && (instance.providerId === null || !listed.has(instance.providerId))) {
    blockers.push(blocker('provider', 'the provider does not list its machine'));
  }
  return blockers;
}

/** What has to be kept waits for a place; what need not goes on: who floods the places stops nobody else. */
export function ofPlaces(keeping: Keeping | null, taken: number, group: string): Blocker[] {
  if (keeping === null || taken < keeping.max) return [];
  const message = `it has to be kept as evidence, and ${taken} of ${keeping.max} places of group ${group} are taken: release one with \`pristinectl quarantine release\``;
  return [blocker('quarantine-full', message)];
}

/**
 * No machine dies on old news. What it had must have been seen lately; a silent one is dead by what its provider says at this
 * moment, and one that cannot be verified is connected at this moment.
 */
function ofEvidence(instance: InstanceSnapshot, cause: Cause, signs: Signs, now: number): Blocker[] {
  if (cause.trigger === 'silence') {
    const mass = signs.silence()(instance);
    const blockers = mass === undefined ? [] : [blocker('mass-silence', mass)];
    if (cause.witness === null) {
      const message =
        'only its agent is silent, and its provider has nothing to say against the machine: a person must look';
      blockers.push(blocker('no-witness', message));
    }
    return blockers;
  }
  if (cause.trigger === 'unverifiable') {
    const mass = signs.unverifiable()(instance);
    return mass === undefined ? [] : [blocker('mass-unverifiable', mass)];
  }
  const { evidenceExpiresAt, lifecycle } = instance;
  if (evidenceExpiresAt === null) return [blocker('stale-evidence', 'it has never been scanned completely')];
  // What is isolated is as it was then.
  if (now < evidenceExpiresAt || lifecycle === 'quarantined') return [];
  return [blocker('stale-evidence', `its last complete scan expired at ${timestamp(evidenceExpiresAt)}`)];
}

export function ofTarget(target: Target): readonly Blocker[] {
  const lack = lackOf(target);
  return lack === undefined ? [] : [blocker(lack.kind, lack.message)];
}

export function blocker(kind: Blocker['kind'], message: string, until: number | null = null): Blocker {
  return { kind, message, until: until === null ? null : timestamp(until) };
}
