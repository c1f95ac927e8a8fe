import type { PlanView } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { ImageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import { type Absence, endAbsence, isOver } from '../fleet/absence.ts';
import { startQuarantine } from '../fleet/quarantine.ts';
import { requestApprovals } from '../store/approval-store.ts';
import { appendEvent } from '../store/event-store.ts';
import { readGroups, tripBreaker } from '../store/group-store.ts';
import { readPolicies } from '../store/policy-store.ts';
import { liveQuarantines } from '../store/quarantine-store.ts';
import { reserveReplacement } from '../store/replacement-store.ts';
import { noteSoaked, pauseRollout } from '../store/rollout-store.ts';
import { advanceReplacement } from './advance.ts';
import { callProvider } from './call-provider.ts';
import type { Survey } from './foresight.ts';
import { createHindsight } from './hindsight.ts';
import type { House } from './house.ts';
import { createInventory } from './inventory.ts';
import { keepEvidence } from './keep-evidence.ts';
import { resumeLaunches } from './launch.ts';
import { createLeadership, renewAfterMs, type Term } from './leadership.ts';
import { createLister, type Listing } from './lister.ts';
import { type Blocked, type Command, type Plan, planReplacements } from './planner.ts';
import { createPreflights } from './preflight.ts';
import { findRemains, takeBack } from './remains.ts';
import { recurrencesOf, revokeProof } from './revoke.ts';
import { createSilences } from './silences.ts';
import { type FleetSnapshot, takeSnapshot } from './snapshot.ts';
import { reasonOf } from './world.ts';

export interface Controller {
  start(): void;
  /** Starts nothing more, and waits a moment for what is under way; what that leaves unfinished, the next start finishes. */
  stop(): Promise<void>;
  /** One pass, and all that it set going. */
  tick(): Promise<void>;
  /** What would be done now, and why the rest would not: also by a server that stands by. */
  plan(group: string): Promise<PlanView>;
  /** What a pass would see now, and nothing done. */
  survey(): Promise<Survey>;
  /** False for a server that stands by, because another one over the same store plans and acts. */
  leads(): boolean;
}

const tickMs = 1_000;
/** Between two passes, however often the feed wakes. */
const pauseMsMin = 100;
/** A pause is so many times what the pass took, and no longer than a tick. */
const pauseFactor = 99;
const stopMsMax = 5_000;
const takeBackAgainMs = 60_000;
const startsMs = 3_600_000;

/**
 * The actor behind the planner: reads the fleet, plans, makes intents durable, and takes each replacement onward in a task
 * of its own, so that a slow one holds up no other. Woken by the feed and by a tick, which repairs what a wake lost. All that it
 * does, it does through the house of its term (`leadership.ts`); while another server leads, it does nothing.
 */
export function createController(house: House): Controller {
  const { db, feed, clock, log } = house;
  const list = createLister(house);
  const askPreflights = createPreflights(house);
  const { silentMs } = createSilences(clock, house.isOnline);
  const inventory = createInventory(house, silentMs);
  const hindsight = createHindsight(clock);
  const stopping = new AbortController();
  const leadership = createLeadership(house, stopping.signal);
  const tasks = new Map<string, Promise<void>>();
  const told = new Map<string, string>();
  const takenBackAt = new Map<string, number>();
  /** When replacements were begun by this server, within the last hour; monotonic. */
  const begun: number[] = [];
  let woken = Promise.withResolvers<void>();
  let running: Promise<unknown> = Promise.resolve();
  let unlisten = () => {};
  let known: Term | undefined;

  return {
    start() {
      unlisten = feed.onWake(() => woken.resolve());
      running = Promise.all([keepLeading(), loop()]);
    },
    async stop() {
      unlisten();
      stopping.abort();
      woken.resolve();
      const finished = new AbortController();
      const patience = clock.sleep(stopMsMax, finished.signal).catch(() => {});
      await Promise.race([Promise.allSettled([running, ...tasks.values()]), patience]);
      finished.abort();
      await leadership
        .resign()
        .catch((error: unknown) => log.warn({ error: sentenceOf(error) }, 'replace: the lease runs out by itself'));
    },
    async tick() {
      await pass();
      await Promise.all(tasks.values());
    },
    async plan(group) {
      const { plan, now } = await survey();
      return planView(group, plan, now);
    },
    survey,
    leads: leadership.leads,
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = Promise.withResolvers();
      const from = clock.monotonic();
      try {
        await pass();
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ error: sentenceOf(error) }, 'replace: planning failed');
      }
      // Of a large fleet a pass takes long, and whatever happens wakes it: intake has most of the core.
      const took = clock.monotonic() - from;
      await pause(Math.min(tickMs, Math.max(pauseMsMin, pauseFactor * took)));
      await Promise.race([woken.promise, pause(tickMs - pauseMsMin)]);
    }
  }

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, stopping.signal).catch(() => {});
  }

  /** However long a pass takes. */
  async function keepLeading(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(renewAfterMs(house.lease));
      await leadership
        .term()
        .catch((error: unknown) => log.warn({ error: sentenceOf(error) }, 'replace: the lease could not be renewed'));
    }
  }

  async function recover({ house: leading }: Term): Promise<void> {
    for (const { group } of await readGroups(db)) {
      await callProvider(clock, 'recover', () => leading.providers(group).recover(group)).catch((error: unknown) =>
        log.warn({ group: group.name, error: sentenceOf(error) }, 'replace: recovering failed'),
      );
    }
    await resumeLaunches(leading).catch((error: unknown) =>
      log.warn({ error: sentenceOf(error) }, 'replace: launches could not be resumed'),
    );
    feed.wake();
  }

  async function pass(): Promise<void> {
    const term = await leadership.term();
    if (term === undefined) return;
    if (term !== known && term.isTakenOver) run(term, 'recover', () => recover(term));
    known = term;
    const leading = term.house;
    const { groups, listing, snapshot, plan, now } = await survey();
    if (snapshot.absence !== null && isOver(snapshot.absence)) await welcomeBack(leading, snapshot.absence, now);
    await follow(leading, groups, listing);
    for (const recurrence of recurrencesOf(snapshot)) await revokeProof(leading, recurrence);
    for (const trip of plan.trips) await latch(leading, trip.group, trip.cause, now);
    for (const pause of plan.pauses) await pauseImage(leading, pause, now);
    for (const { group, image } of plan.soaked) await letGo(leading, group, image, now);
    for (const command of plan.commands) await reserve(term, command, now);
    if (await requestApprovals(leading.db, plan.requests, now)) feed.wake();
    if (plan.isolations[0] !== undefined) await isolate(leading, plan.isolations[0], now);
    await tellBlocked(leading, plan.blocked, now);
    for (const { id } of await liveQuarantines(leading.db))
      run(term, `quarantine ${id}`, () => keepEvidence(leading, id, term.signal));
    for (const { id } of snapshot.active) run(term, id, () => advanceReplacement(leading, id, term.signal));
    // Whoever stops everything wants nothing ended, not even what was given up.
    if (snapshot.holds.some(({ scope }) => scope === 'all')) return;
    for (const remains of await findRemains(leading, groups, listing)) {
      const { providerId } = remains.machine;
      // Whoever replaces it now counts on its being drained, whoever did it.
      if (remains.was === 'drained' && snapshot.active.some((one) => one.oldProviderId === providerId)) continue;
      if (clock.monotonic() - (takenBackAt.get(providerId) ?? -takeBackAgainMs) < takeBackAgainMs) continue;
      takenBackAt.set(providerId, clock.monotonic());
      run(term, `remains of ${providerId}`, () => takeBack(leading, remains));
    }
  }

  /** What could not be written is compared again a minute later; nothing is replaced for it, so nothing waits for it. */
  async function follow({ db: leadingDb }: House, groups: readonly Group[], listing: Listing): Promise<void> {
    await inventory
      .follow(leadingDb, groups, listing)
      .catch((error: unknown) => log.warn({ error: sentenceOf(error) }, 'replace: the inventory could not be written'));
  }

  /** Of the moment at which the providers have answered: a window may have closed while they were asked. */
  async function survey() {
    const { evidenceTtlMs, isOnline, hasReported } = house;
    const groups = (await readGroups(db)).map(({ group }) => group);
    const [listing, preflights] = await Promise.all([list(groups), askPreflights(groups)]);
    const now = clock.now();
    const seen = { machines: listing, preflights, isOnline, silentMs, hasReported };
    const sources = { db, ...seen, evidenceTtlMs, timeOf: hindsight(now) };
    const snapshot = withStarts(await takeSnapshot(sources, now), now);
    const policies = await readPolicies(db);
    return { now, groups, listing, snapshot, policies, plan: planReplacements(snapshot, policies, now) };
  }

  /** A clock that is set ahead makes the starts of a moment ago those of yesterday, and does not make room for as many again. */
  function withStarts(snapshot: FleetSnapshot, now: number): FleetSnapshot {
    const elapsed = clock.monotonic();
    while (begun[0] !== undefined && begun[0] <= elapsed - startsMs) begun.shift();
    const own = begun.map((at) => now - (elapsed - at));
    return own.length > snapshot.starts.length ? { ...snapshot, starts: own } : snapshot;
  }

  async function welcomeBack({ db }: House, absence: Absence, now: number): Promise<void> {
    await db.transaction().execute((tx) => endAbsence(tx, now));
    log.info(
      { ...absence, since: timestamp(absence.since) },
      'replace: the fleet has reported after an absence of this server',
    );
  }

  async function latch({ db }: House, group: string, cause: string, now: number): Promise<void> {
    const tripped = await db.transaction().execute((tx) => tripBreaker(tx, group, cause, timestamp(now)));
    if (!tripped) return;
    feed.wake();
    log.error({ group, cause }, 'replace: the breaker of a group opened');
  }

  async function pauseImage({ db }: House, pause: Plan['pauses'][number], now: number): Promise<void> {
    if (!(await db.transaction().execute((tx) => pauseRollout(tx, pause, now)))) return;
    feed.wake();
    log.error(pause, 'replace: a rollout paused itself');
  }

  async function letGo({ db }: House, group: string, image: ImageRef, now: number): Promise<void> {
    await db.transaction().execute((tx) => noteSoaked(tx, group, image, timestamp(now), 'its canaries soaked clean'));
    feed.wake();
  }

  async function reserve(term: Term, { target, ...command }: Command, now: number): Promise<void> {
    try {
      const reservation = { ...command, targetDigest: target.digest, reason: reasonOf(command) };
      const id = await reserveReplacement(term.house.db, reservation, now);
      begun.push(clock.monotonic());
      feed.wake();
      run(term, id, () => advanceReplacement(term.house, id, term.signal));
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'CONFLICT') throw error;
      log.info({ instance: command.instanceId, why: error.message }, 'replace: a plan was overtaken');
    }
  }

  /** At most one an hour, whoever waits. */
  async function isolate(
    { db }: House,
    { policy, group, instanceId }: Plan['isolations'][number],
    now: number,
  ): Promise<void> {
    const reason = 'critical drift, and nobody has approved its replacement yet';
    const asked = { instanceId, reason, actor: `policy ${policy}`, byItself: true };
    try {
      await startQuarantine(db, asked, now);
      feed.wake();
      log.warn(
        { group, instance: instanceId, policy },
        'replace: a machine is isolated before anybody has approved its replacement',
      );
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'CONFLICT') throw error;
    }
  }

  /** Once for each set of reasons, not once a second. */
  async function tellBlocked({ db }: House, blocked: readonly Blocked[], now: number): Promise<void> {
    const seen = new Set<string>();
    for (const { policy, group, instanceId, providerId, cause, blockers } of blocked) {
      const key = `${policy} ${instanceId}`;
      const kinds = blockers.map(({ kind }) => kind).join(' ');
      seen.add(key);
      if (told.get(key) === kinds) continue;
      const message = blockers.map((blocker) => blocker.message).join('; ');
      const data = { policy, providerId, cause, message, blockers };
      const event = { at: timestamp(now), type: 'replacement.blocked' as const, groupName: group, instanceId, data };
      await db.transaction().execute((tx) => appendEvent(tx, event));
      told.set(key, kinds);
      feed.wake();
    }
    for (const key of told.keys()) if (!seen.has(key)) told.delete(key);
  }

  /** One task a name at a time. What it could not do is logged once and tried again at a later pass, or by whoever leads then. */
  function run({ number, signal }: Term, task: string, work: () => Promise<void>): void {
    const name = `${number} ${task}`;
    if (tasks.has(name) || signal.aborted) return;
    const done = work()
      .catch((error: unknown) => {
        if (!signal.aborted) log.error({ task, error: sentenceOf(error) }, 'replace: a task failed');
      })
      .finally(() => tasks.delete(name));
    tasks.set(name, done);
  }
}

function planView(group: string, { commands, blocked }: Plan, now: number): PlanView {
  return {
    computedAt: timestamp(now),
    commands: commands
      .filter((command) => command.group === group)
      .map(({ policy, instanceId, cause, target }) => ({ policy, instanceId, cause, target })),
    blocked: blocked
      .filter((each) => each.group === group)
      .map(({ policy, instanceId, cause, blockers }) => ({ policy, instanceId, cause, blockers: [...blockers] })),
  };
}
