import { type Clock, timestamp } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Log } from '../fleet/log.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import {
  disableWebhook,
  enableWebhook,
  nextDue,
  noteDead,
  noteDelivered,
  noteRefused,
  type OutboxRow,
  readWebhook,
  takeTest,
  tellUnlisted,
} from '../store/outbox-store.ts';
import { backoffMs, type Outcome, outcomeOf, waitMsMax } from './outcome.ts';
import type { Post } from './post.ts';
import { type Secrets, signatureHeaders } from './signature.ts';

/** A page that nobody has taken for so long is given up, and counted. */
const pageMsMax = 3 * 86_400_000;
/** A test that nobody has sent by then is left of a server that was killed. */
const testMsMax = 60_000;
/** Looked for without a hint. */
const lookEveryMs = 5_000;
/** After a failure nothing is sent for a while, whichever page was refused; longer each time, and then one attempt a minute. */
const restMsMin = 1_000;
const restMsMax = 60_000;

export interface Sender {
  start(): void;
  stop(): Promise<void>;
  /** Sends a test at once; one that is taken enables a receiver that had said it is gone. Errors: CONFLICT without a webhook, UNREACHABLE. */
  test(actor: string): Promise<{ readonly id: string; readonly status: number }>;
}

interface Desk {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly post: Post;
  readonly secrets: Secrets;
  readonly random: () => number;
}

type Attempt = { readonly outcome: Outcome; readonly status: number };

/** Delivers what waits in the outbox, one page at a time and each at least once: what a crash leaves undelivered, or not noted, is sent again under the same id. */
export function createSender(desk: Desk): Sender {
  const { db, feed, clock, log, random } = desk;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> = Promise.resolve();
  let unlisten = () => {};
  let woken = Promise.withResolvers<void>();
  let failures = 0;
  let restsUntil = Number.NEGATIVE_INFINITY;

  return {
    start() {
      unlisten = feed.onWake(() => woken.resolve());
      running = loop();
    },
    async stop() {
      unlisten();
      stopping.abort();
      woken.resolve();
      await running;
    },
    async test(actor) {
      const row = await db.transaction().execute(async (tx) => {
        const now = clock.now();
        await appendEvent(tx, { at: timestamp(now), type: 'webhook.test', data: { actor } });
        return takeTest(tx, timestamp(now + testMsMax));
      });
      feed.wake();
      if (row === undefined) throw new CodedError('CONFLICT', 'there is no webhook: name one in the configuration');
      const { outcome, status } = await attempt(row);
      await note(row, outcome);
      if (outcome.kind !== 'delivered')
        throw new CodedError('UNREACHABLE', `the receiver did not take the test: ${outcome.error}`);
      return { id: row.id, status };
    },
  };

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      woken = Promise.withResolvers();
      try {
        if (clock.monotonic() >= restsUntil && (await sendNext())) continue;
      } catch (error) {
        if (!signal.aborted) log.error({ error: sentenceOf(error) }, 'notify: the outbox could not be read or written');
      }
      await Promise.race([woken.promise, clock.sleep(lookEveryMs, signal).catch(() => {})]);
      // Whatever happens in the fleet wakes it.
      await clock.sleep(100, signal).catch(() => {});
    }
  }

  /** False when there is nothing to send now. */
  async function sendNext(): Promise<boolean> {
    const webhook = await readWebhook(db);
    if (webhook === undefined) return false;
    const isDisabled = webhook.disabled_at !== null;
    const row = await nextDue(db, clock.now(), { waitMsMax, isOnlyTests: isDisabled });
    if (row === undefined) return false;
    if (clock.now() - Date.parse(row.at) > pageMsMax) {
      await note(row, { kind: 'refused', error: 'nobody took it for three days' });
      return true;
    }
    const { outcome } = await attempt(row);
    if (signal.aborted) return false;
    await note(row, outcome);
    return outcome.kind === 'delivered' || outcome.kind === 'refused';
  }

  async function attempt(row: OutboxRow): Promise<Attempt> {
    const { id, body, attempts } = row;
    const now = clock.now();
    try {
      const signed = signatureHeaders({ id, seconds: Math.floor(now / 1_000), body }, await desk.secrets());
      const headers = {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'user-agent': 'pristine-server',
      };
      const answer = await desk.post(body, { ...headers, ...signed }, signal);
      return { outcome: outcomeOf(answer, { attempts, chance: random(), now }), status: answer.status };
    } catch (error) {
      return {
        outcome: { kind: 'later', error: sentenceOf(error), afterMs: backoffMs(attempts, random()), askedMs: 0 },
        status: 0,
      };
    }
  }

  async function note(row: OutboxRow, outcome: Outcome): Promise<void> {
    const now = clock.now();
    const at = timestamp(now);
    const fields = { page: row.id, type: row.type };
    // Nobody waits for a test that came too late.
    const given: Outcome =
      row.type === 'webhook.test' && outcome.kind !== 'delivered' ? { ...outcome, kind: 'refused' } : outcome;
    await db.transaction().execute(async (tx) => {
      switch (given.kind) {
        case 'delivered':
          await noteDelivered(tx, row, at);
          if (row.type === 'webhook.test') await enableWebhook(tx);
          await tellUnlisted(tx, at);
          return;
        case 'refused':
          return noteDead(tx, row, given.error, at);
        case 'gone':
          await noteRefused(tx, row, { error: given.error, nextAt: at });
          if (await disableWebhook(tx, given.error, at))
            await appendEvent(tx, { at, type: 'webhook.disabled', data: { reason: given.error } });
          return;
        case 'later':
          return noteRefused(tx, row, { error: given.error, nextAt: timestamp(now + given.afterMs) });
        default:
          return given satisfies never;
      }
    });
    if (outcome.kind === 'delivered') {
      failures = 0;
      log.info(fields, 'notify: a page was delivered');
      return;
    }
    const error = { ...fields, error: outcome.error };
    if (outcome.kind === 'refused') log.error(error, 'notify: a page is given up');
    if (outcome.kind === 'gone') log.error(error, 'notify: the webhook is disabled until a test is taken');
    if (outcome.kind !== 'later') return;
    failures += 1;
    restsUntil = clock.monotonic() + Math.max(restMsMin, outcome.askedMs, backoffRest());
    log.warn(error, 'notify: a page was not taken');
  }

  function backoffRest(): number {
    return random() * Math.min(restMsMax, restMsMin * 2 ** Math.min(failures, 20));
  }
}
