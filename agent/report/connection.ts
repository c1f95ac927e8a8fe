import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { Credential } from '../../shared/enrolment.ts';
import { sentenceOf } from '../../shared/errors.ts';
import {
  CloseCode,
  handshakeMsMax,
  heartbeatEveryMs,
  type RulesAnswer,
  type RulesOffer,
  reconnectMsMax,
  type ScanRequest,
  silentAfterMs,
} from '../../shared/protocol.ts';
import type { Identity } from '../state/identity.ts';
import { createBackoff } from './backoff.ts';
import type { ServerTrust } from './server-trust.ts';
import { type Acked, runSession, type Session, type SessionEnd } from './session.ts';
import { comparePlaces, type Place, type Spool } from './spool.ts';

/** What a hello says beside who speaks. */
interface HelloClaims {
  readonly boot: number;
  readonly image: string;
  readonly rules: number;
  readonly agentVersion: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly enrolment?: Credential;
}

export interface ConnectionLimits {
  readonly handshakeMsMax: number;
  readonly heartbeatEveryMs: number;
  /** Without a frame or pong for so long the other end is taken for gone. */
  readonly silentMsMax: number;
  /** A report without its ack for so long is sent again on a new connection. */
  readonly ackMsMax: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** A connection that lasted so long ends a row of failures. */
  readonly stableMs: number;
}

const connectionLimits: ConnectionLimits = {
  handshakeMsMax,
  heartbeatEveryMs,
  silentMsMax: silentAfterMs,
  ackMsMax: 30_000,
  backoffBaseMs: 1_000,
  backoffCapMs: reconnectMsMax,
  stableMs: 60_000,
};

export type ConnectionState = 'connecting' | 'connected' | 'waiting' | 'refused';

const refusalsOfOneMax = 3;

/** Notes for the agent's loop; a note never does work of its own. */
export interface ConnectionNotes {
  state(state: ConnectionState, error: string | null): void;
  welcome(instanceId: string): void;
  acked(): void;
  scanRequested(request: ScanRequest): void;
  rulesOffered(offer: RulesOffer): void;
  /**
   * The server's order and ours cannot be brought together: it knows of a later place than we ever used (`ahead`), or
   * misses some before our spool's, or cannot read what it begins with. Resolves when nothing of this is spooled any more;
   * a full report will come.
   */
  disagreement(acked: Place | null): Promise<void>;
}

export interface ConnectionOptions {
  readonly url: string;
  /** Whose certificates the server may show; asked for each attempt. */
  readonly trust: () => ServerTrust;
  readonly identity: Identity;
  /** Read anew for each attempt. */
  hello(): Promise<HelloClaims>;
  readonly spool: Spool;
  /** The last place given to a report. */
  lastPlace(): Place;
  readonly notes: ConnectionNotes;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<ConnectionLimits>;
  readonly random?: () => number;
}

export interface Connection {
  /** Keeps connecting until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** There is something new in the spool. */
  wake(): void;
  /** Without a connection it is lost: the server offers again on the next. */
  say(answer: RulesAnswer): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const limits = { ...connectionLimits, ...options.limits };
  const backoff = createBackoff({ baseMs: limits.backoffBaseMs, capMs: limits.backoffCapMs }, options.random);
  const memory: { acked: Acked | undefined } = { acked: undefined };
  let session: Session | undefined;
  let refused = { place: undefined as Place | undefined, times: 0 };

  /** A report that the server calls malformed again and again would block all that come after it. */
  const isPoisoned = (end: SessionEnd): boolean => {
    if (end.why !== 'closed' || end.code !== CloseCode.badMessage || end.inFlight === undefined) return false;
    const isSame = refused.place !== undefined && comparePlaces(refused.place, end.inFlight) === 0;
    refused = { place: end.inFlight, times: isSame ? refused.times + 1 : 1 };
    return refused.times >= refusalsOfOneMax;
  };

  const attempt = async (signal: AbortSignal): Promise<SessionEnd> => {
    options.notes.state('connecting', null);
    try {
      return await runSession({ ...options, limits, memory }, signal, (current) => {
        session = current;
      });
    } catch (error) {
      return { why: 'failed', sentence: sentenceOf(error), progress: false };
    } finally {
      session = undefined;
    }
  };

  const delayAfter = (end: SessionEnd): number => {
    if (end.why === 'busy') return backoff.around(end.retryAfterMs);
    const isNext = isUnknownKey(end) && options.identity.refused();
    return isPermanent(end) && !isNext ? backoff.longest() : backoff.next();
  };

  /** An agent that ends settles nothing any more. */
  const settled = async (acked: Place | null, signal: AbortSignal): Promise<void> => {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    await Promise.race([options.notes.disagreement(acked), aborted.promise]);
  };

  return {
    wake: () => session?.wake(),
    say: (answer) => session?.say(answer),
    async run(signal) {
      while (!signal.aborted) {
        const end = await attempt(signal);
        if (signal.aborted) return;
        if (end.progress) backoff.reset();
        const delayMs = delayAfter(end);
        options.notes.state(isRefusal(end) ? 'refused' : 'waiting', end.sentence);
        logEnd(options.log, end, delayMs);
        if (end.why === 'disagreement') await settled(end.acked, signal);
        else if (isPoisoned(end)) await settled(null, signal);
        await options.clock.sleep(delayMs, signal).catch(() => undefined);
      }
    },
  };
}

/** It may know us by the next key, when the welcome that took it got lost. */
function isUnknownKey(end: SessionEnd): boolean {
  return end.why === 'closed' && (end.code === CloseCode.unauthorized || end.code === CloseCode.revoked);
}

/** Retrying will not help; it is done all the same, since a person may change the server's mind. */
function isRefusal(end: SessionEnd): boolean {
  return isUnknownKey(end) || (end.why === 'closed' && end.code === CloseCode.retired);
}

/** A second connection of this key means that another machine holds a copy of it: the two must not chase each other. */
function isPermanent(end: SessionEnd): boolean {
  return isRefusal(end) || (end.why === 'closed' && end.code === CloseCode.replaced);
}

function logEnd(log: Logger, end: SessionEnd, delayMs: number): void {
  const fields = {
    reason: end.sentence,
    retryInMs: Math.round(delayMs),
    ...(end.why === 'closed' && { code: end.code }),
  };
  if (isPermanent(end)) log.error(fields, 'the server refuses this agent');
  else log.warn(fields, 'no connection to the server');
}
