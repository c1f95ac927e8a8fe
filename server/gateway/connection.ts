import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import {
  type AgentMessage,
  CloseCode,
  type Heartbeat,
  parseAgentMessage,
  parseHello,
  type ReportMessage,
  type ScanRequest,
  type ServerMessage,
} from '../../shared/protocol.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Log } from '../fleet/log.ts';
import type { RulesBoard } from '../fleet/rules-board.ts';
import { applyReport } from '../intake/apply-report.ts';
import { enrol } from '../intake/enrol.ts';
import type { Attempts } from '../intake/enrolment/attempts.ts';
import type { EnrolmentWay } from '../intake/enrolment/way.ts';
import { type HelloMessage, proveHello } from '../intake/hello.ts';
import type { Position } from '../intake/order.ts';
import { comparesOtherImage } from '../intake/other-image.ts';
import type { Db } from '../store/database.ts';
import type { GroupCommit, Transactions } from '../store/group-commit.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import { answersPing } from './answers-ping.ts';
import { createInbox } from './inbox.ts';
import type { GatewayLimits } from './limits.ts';
import { Refusal, refusalOf, retiredRefusal, revokedRefusal } from './refusal.ts';
import type { RefusalLog } from './refusal-log.ts';
import { openRulesOffers, type RulesOffers } from './rules-offers.ts';
import { charged, createSenderShare, type SenderShares } from './sender-share.ts';

export interface House {
  readonly db: Db;
  readonly commits: GroupCommit;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  readonly board: RulesBoard;
  readonly ways: EnrolmentWay;
  readonly attempts: Attempts;
  readonly refused: RefusalLog;
  readonly shares: SenderShares;
}

export interface Connection {
  /** Asks the agent to sweep soon. */
  requestScan(request?: string): void;
  /** Asks the agent for another key. */
  requestKey(): void;
  /** Looks again which rules this agent should have, and which to try. */
  offerRules(): void;
  close(refusal: Refusal): void;
  /** Handles nothing more, and closes. Resolves with whether somebody was still at its other end. */
  yieldPlace(refusal: Refusal): Promise<boolean>;
  /** The address of the other end, for people. */
  readonly peer: string;
  /** Resolves when nothing of this connection is at work any more. */
  readonly finished: Promise<void>;
}

/** What the gateway learns of a connection. */
export interface Watcher {
  onEnrolled(instanceId: string): void;
  onHeard(instanceId: string): void;
  /** Both ends have the same state of it. */
  onReported(instanceId: string): void;
}

/** A report of more findings is committed by itself, so that no other report waits in one transaction with it. */
const smallReportFindingsMax = 50;

/** What both ends say the state is, as far as this connection knows. */
interface Session {
  readonly instanceId: string;
  readonly boot: number;
  stored: Position;
  stateDigest: string | null;
  comparesOtherImage: boolean;
  /** A part of a sweep is stored and its last one is not. */
  isMidSweep: boolean;
}

/** The life of one socket: challenge, hello, then messages one by one until an end closes it. */
export function serveConnection(socket: WebSocket, peer: string, house: House, watcher: Watcher): Connection {
  const { commits, clock, log, limits, feed } = house;
  const inbox = createInbox(socket, limits.inboxFramesMax);
  const stopped = new AbortController();
  let share = createSenderShare(limits, clock.monotonic);
  let offers: RulesOffers | undefined;
  let scanRequestedAt = Number.NEGATIVE_INFINITY;

  // Protocol errors of the peer: ws closes by itself, with 1009 or 1002 or 1007, and says so here.
  socket.on('error', (error) => log.info({ err: error }, 'agent connection failed'));
  socket.on('close', () => stopped.abort());

  return {
    requestScan: (request) => requestScan('requested', request),
    requestKey: () => send({ type: 'rotate-key' }),
    offerRules: () => void offerRules(),
    close,
    yieldPlace,
    peer,
    finished: serve(),
  };

  async function serve(): Promise<void> {
    try {
      const session = await shakeHands();
      if (session === undefined) return;
      const next = () => receive(parseAgentMessage);
      for (let message = await next(); message !== undefined; message = await next()) {
        watcher.onHeard(session.instanceId);
        await handle(session, message);
      }
    } catch (error) {
      if (error === stopped.signal.reason) return;
      const refusal = refusalOf(error);
      const fields = { code: refusal.closeCode, reason: refusal.message, err: refusal.cause };
      if (refusal.closeCode === CloseCode.tryLater && refusal.cause !== undefined)
        log.error(fields, 'could not handle an agent’s message');
      else house.refused(fields);
      close(refusal);
    }
  }

  async function shakeHands(): Promise<Session | undefined> {
    const nonce = randomBytes(32).toString('base64');
    send({ type: 'challenge', nonce });
    const hello = await within(limits.handshakeMs, receive(parseHello));
    if (hello === undefined) return undefined;

    const desk = { ...house, db: commits.small };
    const enrolment = await enrol(desk, proveHello(hello, nonce), { now: clock.now(), peer });
    if (enrolment.kind === 'later') throw new Refusal(CloseCode.tryLater, enrolment.why);
    if (enrolment.kind === 'retired') throw retiredRefusal();
    if (enrolment.kind === 'revoked') throw revokedRefusal();
    if (enrolment.changed) feed.wake();
    // The socket may have gone meanwhile: then it must not take the place of one that lives.
    if (stopped.signal.aborted) return undefined;

    const session = sessionOf(enrolment.instance, hello);
    watcher.onEnrolled(session.instanceId);
    share = house.shares.of(session.instanceId);
    const acked = session.stored.boot === 0 ? null : session.stored;
    send({ type: 'welcome', instanceId: session.instanceId, acked, credits: limits.credits });
    offers = openRulesOffers(house, session.instanceId, hello.rules, send);
    await offerRules();
    return session;
  }

  function sessionOf(instance: StoredInstance, hello: HelloMessage): Session {
    const session = {
      instanceId: instance.id,
      boot: hello.boot,
      stored: { boot: instance.boot, seq: instance.seq },
      stateDigest: instance.stateDigest,
      comparesOtherImage: comparesOtherImage(instance),
      isMidSweep: isMidSweep(instance, hello.boot),
    };
    const { instanceId } = session;
    if (session.comparesOtherImage)
      log.warn({ instanceId, image: hello.image }, 'an agent compares with another image');
    if (hello.boot < instance.boot) {
      log.warn(
        { instanceId, boot: hello.boot, known: instance.boot },
        'a boot counter went back: its key was copied or restored',
      );
    }
    return session;
  }

  async function handle(session: Session, message: AgentMessage): Promise<void> {
    switch (message.type) {
      case 'hello':
        throw new Refusal(CloseCode.badMessage, 'expected one hello, got two');
      case 'report':
        return handleReport(session, message);
      case 'heartbeat':
        return handleHeartbeat(session, message);
      case 'rules-refused':
      case 'rules-previewed':
        return offers?.answered(message);
      default:
        message satisfies never;
    }
  }

  async function handleReport(session: Session, report: ReportMessage): Promise<void> {
    const { boot, seq } = report;
    if (boot > session.boot)
      throw new Refusal(CloseCode.badMessage, `a report of boot ${boot} in boot ${session.boot}`);
    const intake = { db: laneOf(report), now: clock.now(), evidenceTtlMs: limits.evidenceTtlMs };
    const outcome = await applyReport(intake, session.instanceId, report);
    switch (outcome.kind) {
      case 'applied':
        remember(session, outcome.instance);
        send({ type: 'ack', boot, seq });
        if (outcome.changed) feed.wake();
        if (outcome.wantsScan) repairState(session);
        return;
      case 'duplicate':
        // It may have come over an older connection while this one began.
        remember(session, outcome.instance);
        send({ type: 'ack', boot, seq });
        return;
      case 'out-of-order': {
        const { last } = outcome;
        throw new Refusal(CloseCode.outOfOrder, JSON.stringify({ boot: last.boot, seq: last.seq + 1 }));
      }
      case 'retired':
        throw new Refusal(CloseCode.retired, 'the instance is retired');
      default:
        outcome satisfies never;
    }
  }

  function laneOf({ opened, cleared }: ReportMessage): Transactions {
    const isAlone = opened.length + cleared.length > smallReportFindingsMax;
    return charged(isAlone ? commits.large : commits.small, { share, isAlone, monotonic: clock.monotonic });
  }

  function remember(session: Session, instance: StoredInstance): void {
    session.stored = { boot: instance.boot, seq: instance.seq };
    session.stateDigest = instance.stateDigest;
    session.comparesOtherImage = comparesOtherImage(instance);
    session.isMidSweep = isMidSweep(instance, session.boot);
  }

  /** Compared in memory. While reports are on their way, or an image is the wrong one, the digests differ rightly. */
  function handleHeartbeat(session: Session, { boot, seq, stateDigest }: z.infer<typeof Heartbeat>): void {
    if (boot !== session.boot)
      throw new Refusal(CloseCode.badMessage, `a heartbeat of boot ${boot} in boot ${session.boot}`);
    const isUpToDate = boot === session.stored.boot && seq === session.stored.seq;
    if (!isUpToDate || session.isMidSweep) return;
    const disagrees = stateDigest !== null && stateDigest !== session.stateDigest;
    if (disagrees && !session.comparesOtherImage) repairState(session);
    else watcher.onReported(session.instanceId);
  }

  function repairState({ instanceId }: Session): void {
    const now = clock.monotonic();
    if (now - scanRequestedAt < limits.scanRequestEveryMs) return;
    scanRequestedAt = now;
    log.warn({ instanceId }, 'agent and server disagree about the state: asked for a sweep');
    requestScan('state-mismatch');
  }

  async function offerRules(): Promise<void> {
    await offers?.send().catch((error: unknown) => log.error({ err: error }, 'rules could not be offered'));
  }

  function requestScan(reason: ScanRequest['reason'], request?: string): void {
    send({ type: 'scan', reason, ...(request !== undefined && { request }) });
  }

  /** The next message, no sooner than this sender's share allows. */
  async function receive<M>(parse: (frame: string) => M): Promise<M | undefined> {
    const frame = await inbox.next();
    if (frame === undefined) return undefined;
    const waitMs = share.take(frame.length);
    if (waitMs > 0) await clock.sleep(waitMs, stopped.signal);
    return share.measured(() => parse(frame));
  }

  async function within<T>(ms: number, work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const timeout = clock.sleep(ms, done.signal).then(() => {
      throw new Refusal(CloseCode.handshakeTimeout, `no hello within ${ms} ms`);
    });
    timeout.catch(() => {});
    return Promise.race([work, timeout]).finally(() => done.abort());
  }

  function send(message: ServerMessage): void {
    if (socket.readyState !== socket.OPEN) return;
    // A peer that never reads would make this end keep what it does not take.
    if (socket.bufferedAmount > limits.unsentBytesMax) socket.terminate();
    else socket.send(JSON.stringify(message));
  }

  async function yieldPlace(refusal: Refusal): Promise<boolean> {
    inbox.end();
    const isAnswered = await answersPing(socket, limits.copyProbeMs, clock);
    close(refusal);
    return isAnswered;
  }

  function close({ closeCode, reason }: Refusal): void {
    stopped.abort();
    inbox.end();
    socket.close(closeCode, reason);
  }
}

/** An agent that has started again finishes no sweep of before. */
function isMidSweep({ pendingScan }: StoredInstance, boot: number): boolean {
  return pendingScan?.boot === boot;
}
