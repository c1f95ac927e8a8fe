import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { LookReason } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Log } from '../fleet/log.ts';
import { readGroups } from '../store/group-store.ts';
import { findInstance, getInstance, listLookable } from '../store/instance-store.ts';
import {
  activeLook,
  activeLooks,
  countActiveLooks,
  endLook,
  findLook,
  moveLook,
  nothingSeen,
  requestLook,
  type StoredLook,
  scheduledSince,
} from '../store/look-store.ts';
import { claimsOf, incomparable } from './claims.ts';
import { type Conclusion, type Course, conclude } from './conclude.ts';
import { drawMoment, drawOne, windowStart } from './lot.ts';
import { type LookHouse, type Seen, takeLook } from './take-look.ts';

export interface LookerOptions extends LookHouse {
  readonly feed: EventFeed;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly agents: {
    isOnline(instanceId: string): boolean;
    requestScan(instanceId: string, request?: string): boolean;
  };
  /** One instance of each group in each window of so many milliseconds; null for none. */
  readonly everyMs: number | null;
  /** Disks that are looked at at the same time. */
  readonly atOnceMax: number;
  /** An agent that stays connected has so long to answer before its silence counts. */
  readonly answerMsMax: number;
}

export interface Looker {
  start(): void;
  /** Ends what is under way; the next start says of it that it failed. */
  stop(): Promise<void>;
  /** The id of the look that is under way for it, or of a new one. Errors: NOT_FOUND, CONFLICT. */
  ask(instanceId: string, why: LookReason, actor?: string): Promise<string>;
}

const tickMs = 1_000;
/** Waiting and under way. */
const looksMax = 1_000;
/** How often a disk is looked at in one look, before what moves is left undecided. */
const roundsMax = 3;
/** What would not hold still is left alone for a moment. */
const againMs = 5_000;
/** The request may be lost with its connection. */
const askAgainMs = 600_000;
/** An agent that is not connected has so long to come back. */
const awayMsMax = 60_000;

/**
 * The actor of the outside look: draws by lot, keeps looks in order, and takes each through its rounds. Nothing is
 * remembered outside the store but whose turn is when; what a server leaves unfinished is said to have failed.
 */
export function createLooker(options: LookerOptions): Looker {
  const { db, clock, feed, log, agents, random, everyMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const tasks = new Map<string, Promise<void>>();
  const moments = new Map<string, { readonly window: number; readonly at: number | null }>();
  const slots = createSlots(options.atOnceMax);
  let woken = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  return {
    start() {
      running = loop();
    },
    async stop() {
      stopping.abort();
      woken.resolve();
      await Promise.allSettled([running, ...tasks.values()]);
    },
    async ask(instanceId, why, actor) {
      const look = await request(instanceId, why, actor);
      woken.resolve();
      return look.id;
    },
  };

  function request(instanceId: string, why: LookReason, actor?: string): Promise<StoredLook> {
    return db.transaction().execute(async (tx) => {
      const instance = await getInstance(tx, instanceId);
      if (instance.lifecycle === 'retired') throw new CodedError('CONFLICT', `instance ${instanceId} is retired`);
      if (instance.providerId === null)
        throw new CodedError('CONFLICT', `nobody knows on which machine instance ${instanceId} runs`);
      const isNew = (await activeLook(tx, instanceId)) === undefined;
      if (isNew && (await countActiveLooks(tx)) >= looksMax)
        throw new CodedError('CONFLICT', `${looksMax} looks are waiting: ask again when they have been made`);
      const by = actor === undefined ? {} : { actor };
      return requestLook(tx, { instanceId, group: instance.group, why, ...by }, clock.now());
    });
  }

  async function loop(): Promise<void> {
    await attempt('what was left unfinished could not be ended', endUnfinished);
    while (!signal.aborted) {
      woken = Promise.withResolvers();
      await attempt('no lot could be drawn', draw);
      await attempt('looks could not be begun', begin);
      const pause = new AbortController();
      await Promise.race([woken.promise, clock.sleep(tickMs, pause.signal).catch(() => {})]);
      pause.abort();
    }
  }

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      if (!signal.aborted) log.error({ error: sentenceOf(error) }, `outside: ${what}`);
    });
  }

  async function endUnfinished(): Promise<void> {
    await rm(options.directory, { recursive: true, force: true });
    for (const look of await activeLooks(db, looksMax)) {
      if (look.state !== 'waiting') await fail(look, 'the server was stopped meanwhile');
    }
  }

  async function draw(): Promise<void> {
    if (everyMs === null) return;
    const now = clock.now();
    const window = windowStart(now, everyMs);
    for (const { group } of await readGroups(db)) {
      const known = moments.get(group.name);
      if (known?.window === window && (known.at === null || now < known.at)) continue;
      const turn = { group: group.name, ...(await scheduledSince(db, group.name, timestamp(window))) };
      const isDue = known?.window === window && !turn.isMade;
      if (isDue) await lookAtOneOf(group.name, window);
      const again = isDue ? { ...turn, tried: turn.tried + 1 } : turn;
      moments.set(group.name, { window, at: drawMoment(again, now, everyMs, random) });
    }
  }

  /** Those that were there before the window began: who has only just come was measured for that. */
  async function lookAtOneOf(group: string, window: number): Promise<void> {
    const instanceId = drawOne(await listLookable(db, group, timestamp(window)), random);
    if (instanceId !== undefined) await request(instanceId, 'scheduled');
  }

  async function begin(): Promise<void> {
    for (const look of await activeLooks(db, looksMax)) {
      if (tasks.has(look.id) || slots.free() <= 0 || signal.aborted) continue;
      slots.take();
      const done = run(look)
        .catch((error: unknown) => endFailed(look, error))
        .catch((error: unknown) => log.error({ look: look.id, error: sentenceOf(error) }, 'outside: a look is lost'))
        .finally(() => {
          tasks.delete(look.id);
          woken.resolve();
        });
      tasks.set(look.id, done);
    }
  }

  /** Holds a slot when it begins, and whenever it looks at the disk; none while the agent is asked. */
  async function run(look: StoredLook): Promise<void> {
    let holds = true;
    try {
      let before: Seen | undefined;
      let agent: Course['agent'] = 'not-asked';
      for (let rounds = 1; ; rounds++) {
        await move(look, {
          state: 'looking',
          detail: rounds === 1 ? 'the disk is looked at' : 'the disk is looked at again',
        });
        const last = await see(look);
        slots.give();
        holds = false;
        const mayGoOn = rounds < roundsMax && agent !== 'away' && agent !== 'stayed';
        const conclusion = await conclude(db, look, { last, before, agent, rounds, mayGoOn }, clock.now());
        feed.wake();
        if (conclusion.outcome !== 'go-on') return tell(look, conclusion);
        if (conclusion.asks === true) agent = await ask(look, conclusion.detail);
        else await clock.sleep(againMs, signal);
        before = last;
        await slots.wait(signal);
        holds = true;
      }
    } finally {
      if (holds) slots.give();
    }
  }

  async function see(look: StoredLook): Promise<Seen> {
    const instance = await findInstance(db, look.instanceId);
    if (instance === undefined) throw new CodedError('NOT_FOUND', 'it is gone');
    const objection = incomparable(instance);
    if (objection !== undefined) throw new CodedError('CONFLICT', objection);
    const claimsNow = async () => claimsOf(db, (await findInstance(db, instance.id)) ?? instance, look.requestedAt);
    return takeLook(options, instance, claimsNow, signal);
  }

  /** Has the agent sweep everything, in a sweep that begins after this moment, and waits for its report. */
  async function ask(look: StoredLook, detail: string): Promise<Course['agent']> {
    const asked = randomUUID();
    await move(look, { state: 'asking', detail, request: asked });
    const startedAt = clock.monotonic();
    let askedAt = Number.NEGATIVE_INFINITY;
    let onlineAt = startedAt;
    let wasAway = false;
    while (!signal.aborted) {
      if ((await findLook(db, look.id))?.answeredAt != null) return 'answered';
      const now = clock.monotonic();
      if (agents.isOnline(look.instanceId)) onlineAt = now;
      else wasAway = true;
      if (now - onlineAt >= awayMsMax) return 'away';
      if (now - startedAt >= options.answerMsMax) return wasAway ? 'away' : 'stayed';
      if (now - askedAt >= askAgainMs && agents.requestScan(look.instanceId, asked)) askedAt = now;
      await clock.sleep(tickMs, signal);
    }
    throw signal.reason;
  }

  async function move(look: StoredLook, to: Parameters<typeof moveLook>[2]): Promise<void> {
    await moveLook(db, look.id, to, timestamp(clock.now()));
  }

  function tell({ id, instanceId, group }: StoredLook, { outcome, detail }: Conclusion): void {
    const fields = { look: id, instanceId, group, outcome, detail };
    if (outcome === 'differs') log.error(fields, 'outside: an agent lied or was blinded');
    else if (outcome === 'agrees') log.info(fields, 'outside: a look agrees');
    else log.warn(fields, 'outside: a look proves nothing');
  }

  async function endFailed(look: StoredLook, error: unknown): Promise<void> {
    // The next start says so: the database may be closing.
    if (signal.aborted) return;
    await fail(look, sentenceOf(error));
  }

  async function fail(look: StoredLook, why: string): Promise<void> {
    const end = { outcome: 'failed' as const, detail: `the look could not be made: ${why}`, result: nothingSeen };
    await db.transaction().execute((tx) => endLook(tx, look, end, timestamp(clock.now())));
    feed.wake();
    tell(look, end);
  }
}

/** So many disks are looked at at once; who was first goes first. */
function createSlots(max: number) {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return {
    free: () => max - taken - waiting.length,
    take() {
      taken += 1;
    },
    give() {
      taken -= 1;
      waiting.shift()?.();
    },
    /** Takes one when there is one. Rejects with the signal's reason. */
    async wait(signal: AbortSignal): Promise<void> {
      while (taken >= max) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        signal.throwIfAborted();
      }
      taken += 1;
    },
  };
}
