import type { WebSocket } from 'ws';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { CloseCode, parseServerMessage, type RulesAnswer, type ServerMessage } from '../../shared/protocol.ts';
import type { ConnectionLimits, ConnectionOptions } from './connection.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { closeSoon, notesMax, openSocket, type SocketNote } from './server-socket.ts';
import { comparePlaces, type Place } from './spool.ts';

/** How one connection ended. `progress` when it was of use, so that the next attempt may come soon. */
export type SessionEnd = { readonly sentence: string; readonly progress: boolean } & (
  | { readonly why: 'failed' | 'silent' | 'rotates' }
  | { readonly why: 'busy'; readonly retryAfterMs: number }
  | { readonly why: 'closed'; readonly code: number; readonly inFlight: Place | undefined }
  | { readonly why: 'disagreement'; readonly acked: Place | null }
);

/** A live connection, as the agent may touch it. */
export interface Session {
  wake(): void;
  say(answer: RulesAnswer): void;
}

/** The last report known to be stored, and the state it told: kept from one connection to the next. */
export interface Acked {
  readonly place: Place;
  readonly stateDigest: string | null;
}

type Welcome = Extract<ServerMessage, { type: 'welcome' }>;

type Options = ConnectionOptions & {
  readonly limits: ConnectionLimits;
  readonly memory: { acked: Acked | undefined };
};

/** A report without its ack. */
interface InFlight {
  readonly place: Place;
  readonly stateDigest: string;
  readonly bytes: number;
  readonly sentAt: number;
}

/** Bytes without an ack, before the last report: a heartbeat waits for no more, whatever is spooled. */
const inFlightBytesMax = 262_144;

/**
 * One connection from challenge to its end: hello, welcome, then the spool in order, as many reports ahead of their acks as
 * the server gives credit for, and heartbeats. The socket's callbacks only note; this loop works.
 */
export async function runSession(
  options: Options,
  signal: AbortSignal,
  onOpen: (session: Session) => void,
): Promise<SessionEnd> {
  const { clock, limits } = options;
  const mailbox = createMailbox<SocketNote>(clock, notesMax);
  const { url, trust } = options;
  const socket = openSocket({ url, trust, handshakeMsMax: limits.handshakeMsMax, mailbox });
  const abort = () => mailbox.put({ kind: 'abort' });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  let isWelcome = false;
  onOpen({
    wake: () => mailbox.put({ kind: 'wake' }),
    say(answer) {
      if (isWelcome && socket.readyState === socket.OPEN) socket.send(JSON.stringify(answer));
    },
  });
  try {
    const welcome = await shakeHands(options, socket, mailbox, signal);
    isWelcome = true;
    return await deliver(options, socket, mailbox, signal, welcome);
  } catch (error) {
    if (error instanceof EndOfSession) return error.end;
    if (error instanceof CodedError && error.code === 'PROTOCOL') socket.close(CloseCode.badMessage);
    return { why: 'failed', sentence: sentenceOf(error), progress: false };
  } finally {
    signal.removeEventListener('abort', abort);
    closeSoon(socket, clock);
  }
}

class EndOfSession extends Error {
  readonly end: SessionEnd;
  constructor(end: SessionEnd) {
    super(end.sentence);
    this.end = end;
  }
}

async function shakeHands(
  options: Options,
  socket: WebSocket,
  mailbox: Mailbox<SocketNote>,
  signal: AbortSignal,
): Promise<Welcome> {
  const { clock, limits, identity, notes } = options;
  // Twice: the upgrade has a bound of its own, and may use all of it.
  const deadline = clock.monotonic() + 2 * limits.handshakeMsMax;
  const challenge = await expectMessage('challenge');
  const claims = await options.hello();
  socket.send(
    JSON.stringify({
      type: 'hello',
      ...identity.prove(challenge.nonce),
      ...claims,
    }),
  );
  const welcome = await expectMessage('welcome');
  await identity.welcomed();
  notes.welcome(welcome.instanceId);
  notes.state('connected', null);
  return welcome;

  async function expectMessage<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      if (signal.aborted) throw new EndOfSession(stopped(false));
      const leftMs = deadline - clock.monotonic();
      const message = readNote(leftMs > 0 ? await mailbox.next(leftMs) : undefined, false);
      if (message === 'nothing') continue;
      if (message === 'late') throw new EndOfSession(silent(`the server sent no ${type} in time`, false));
      if (message.type !== type) throw new CodedError('PROTOCOL', `expected ${type}, got ${message.type}`);
      return message as Extract<ServerMessage, { type: T }>;
    }
  }
}

async function deliver(
  options: Options,
  socket: WebSocket,
  mailbox: Mailbox<SocketNote>,
  signal: AbortSignal,
  { acked: welcomed, credits }: Welcome,
): Promise<SessionEnd> {
  const { clock, limits, memory, notes, spool } = options;
  if (welcomed !== null) {
    if (comparePlaces(welcomed, options.lastPlace()) > 0)
      return disagreement(welcomed, 'the server knows of later reports');
    await rememberWelcomed(options, welcomed);
    await spool.forget(welcomed);
    notes.acked();
  }

  const startedAt = clock.monotonic();
  let heardAt = startedAt;
  let beatAt = startedAt;
  const inFlight: InFlight[] = [];
  let useful = false;
  const ackBy = () => (inFlight[0]?.sentAt ?? Number.POSITIVE_INFINITY) + limits.ackMsMax;
  const progress = () => useful || clock.monotonic() - startedAt >= limits.stableMs;

  for (;;) {
    if (signal.aborted) return stopped(progress());
    const now = clock.monotonic();
    if (now - heardAt >= limits.silentMsMax) return silent('the server has gone silent', progress());
    if (now >= ackBy()) return silent('the server does not ack', progress());
    if (now - beatAt >= limits.heartbeatEveryMs) {
      beat();
      beatAt = now;
    }
    await sendMore();
    const wakeAt = Math.min(beatAt + limits.heartbeatEveryMs, heardAt + limits.silentMsMax, ackBy());
    const note = await mailbox.next(Math.max(1, wakeAt - clock.monotonic()));
    if (note?.kind === 'close' && note.code === CloseCode.outOfOrder) {
      return disagreement(null, `the server misses reports before ours: ${note.reason}`);
    }
    const message = readNote(note, progress(), inFlight[0]?.place);
    if (message === 'late') continue;
    if (note?.kind !== 'wake') heardAt = clock.monotonic();
    if (message !== 'nothing') await receive(message);
  }

  async function sendMore(): Promise<void> {
    while (inFlight.length < credits && inFlight.reduce((sum, { bytes }) => sum + bytes, 0) < inFlightBytesMax) {
      const after = inFlight.at(-1)?.place;
      const place = spool.head(after);
      if (place === undefined) return;
      const report = await spool.read(place);
      if (report === undefined) {
        // Dropped at this very moment, or spoilt on disk: in both cases a full report must take its place.
        if (spool.head(after) !== place) return;
        throw new EndOfSession(disagreement(null, `the spooled report ${place.boot}-${place.seq} cannot be read`));
      }
      socket.send(report.frame);
      const { frame, stateDigest } = report;
      inFlight.push({ place, stateDigest, bytes: Buffer.byteLength(frame), sentAt: clock.monotonic() });
    }
  }

  async function receive(message: ServerMessage): Promise<void> {
    switch (message.type) {
      case 'ack': {
        const first = inFlight[0];
        if (first === undefined || comparePlaces(message, first.place) < 0) return;
        const at = inFlight.findIndex(({ place }) => comparePlaces(place, message) === 0);
        if (at < 0) throw new CodedError('PROTOCOL', `an ack of ${message.boot}-${message.seq}, which was not sent`);
        const acked = inFlight.splice(0, at + 1)[at]!;
        await spool.forget(acked.place);
        memory.acked = acked;
        useful = true;
        notes.acked();
        return;
      }
      case 'scan':
        notes.scanRequested(message);
        return;
      case 'rules':
        notes.rulesOffered(message);
        return;
      case 'rotate-key':
        await options.identity.prepareNext();
        throw new EndOfSession({ why: 'rotates', sentence: 'the server is shown another key', progress: true });
      case 'challenge':
      case 'welcome':
        throw new CodedError('PROTOCOL', `a second ${message.type}`);
      default:
        message satisfies never;
    }
  }

  /** Speaks of the last report that is stored, so that the two ends compare the same moment. */
  function beat(): void {
    const { boot } = options.lastPlace();
    const acked = memory.acked?.place.boot === boot ? memory.acked : undefined;
    const heartbeat = { type: 'heartbeat', boot, seq: acked?.place.seq ?? 0, stateDigest: acked?.stateDigest ?? null };
    socket.send(JSON.stringify(heartbeat));
    socket.ping();
  }
}

/** What a note means in any state. Throws the end of the session, and PROTOCOL for what no server of ours says. */
function readNote(
  note: SocketNote | undefined,
  progress: boolean,
  inFlight?: Place,
): ServerMessage | 'nothing' | 'late' {
  switch (note?.kind) {
    case undefined:
      return 'late';
    case 'frame':
      return parseServerMessage(note.text);
    case 'binary':
      throw new CodedError('PROTOCOL', 'expected a text frame, got a binary one');
    case 'pong':
    case 'wake':
      return 'nothing';
    case 'abort':
      throw new EndOfSession(stopped(progress));
    case 'error':
      throw new EndOfSession({ why: 'failed', sentence: note.sentence, progress });
    case 'busy': {
      const { retryAfterMs } = note;
      const sentence = `the server is busy: in ${retryAfterMs / 1_000} s it has time`;
      throw new EndOfSession({ why: 'busy', retryAfterMs, sentence, progress });
    }
    case 'close':
      throw new EndOfSession({
        why: 'closed',
        code: note.code,
        inFlight,
        sentence: `closed with ${note.code}${note.reason && `: ${note.reason}`}`,
        progress,
      });
    default:
      return note satisfies never;
  }
}

/** The welcome may ack a report whose own ack was lost: then its digest is still in the spool. */
async function rememberWelcomed({ memory, spool }: Options, welcomed: Place): Promise<void> {
  if (memory.acked !== undefined && comparePlaces(memory.acked.place, welcomed) === 0) return;
  const report = spool.head() === undefined ? undefined : await spool.read(welcomed);
  memory.acked = { place: welcomed, stateDigest: report?.stateDigest ?? null };
}

function stopped(progress: boolean): SessionEnd {
  return { why: 'failed', sentence: 'the agent stops', progress };
}

function silent(sentence: string, progress: boolean): SessionEnd {
  return { why: 'silent', sentence, progress };
}

function disagreement(acked: Place | null, sentence: string): SessionEnd {
  return { why: 'disagreement', acked, sentence, progress: false };
}
