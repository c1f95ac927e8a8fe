import { release } from 'node:os';
import type { Clock } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import { errno } from '../host/libc.ts';
import { openWaiter } from '../host/poll.ts';
import {
  askAgain,
  closeProcessConnector,
  isAnswer,
  openProcessConnector,
  receiveMessage,
} from '../host/process-connector.ts';
import { type ProcessEvent, parseProcessEvent } from './process-events.ts';

/** Follows every process of the machine, as the kernel tells of them. */
export interface ProcessWatcher {
  /** Tells what has happened until now, so that who did something is known before what was done. */
  drain(): void;
  /** Why it tells nothing any more; null as long as it does. */
  readonly error: string | null;
  close(): void;
}

export interface ProcessWatcherOptions {
  readonly onEvent: (event: ProcessEvent) => void;
  /** Some processes came and went of which nothing is known. */
  readonly onLost: () => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const messageBytesMax = 4_096;
/** Whether we are heard. Before Linux 6.6 each time that we ask counts as one more who listens, and nobody else can end it. */
const askEveryMs = 15_000;
const [major = 0, minor = 0] = release().split('.').map(Number);
const mayBeSilenced = major > 6 || (major === 6 && minor >= 6);
/** Then others have a turn; the socket keeps the rest. */
const messagesAtOnceMax = 10_000;

/** A text says why the kernel does not let us. */
export function watchProcesses({ onEvent, onLost, clock }: ProcessWatcherOptions): ProcessWatcher | string {
  let socket = openProcessConnector();
  if (socket < 0) return refusal(-socket);
  const waiter = openWaiter();
  let askedAt = clock.monotonic();
  let isAnswered = true;
  const message = Buffer.alloc(messageBytesMax);
  let error: string | null = null;
  let closed = false;
  const fail = (cause: unknown) => {
    error = `processes can no longer be followed: ${sentenceOf(cause)}`;
    onLost();
  };
  const ended = follow().catch(fail);
  return {
    drain,
    get error() {
      return error;
    },
    close: () => {
      closed = true;
      waiter.stop();
      void ended.then(() => closeProcessConnector(socket));
    },
  };

  async function follow(): Promise<void> {
    while (!closed && error === null) {
      const [isReadable] = await waiter.wait([[socket, 'readable']], askEveryMs);
      if (isReadable && !closed) drain();
      if (mayBeSilenced && clock.monotonic() - askedAt >= askEveryMs) askWhetherHeard();
    }
  }

  /** Since Linux 6.6 anybody on the machine can make the kernel think that nobody listens, and it tells nothing any more. */
  function askWhetherHeard(): void {
    if (!isAnswered) {
      closeProcessConnector(socket);
      socket = openProcessConnector();
      onLost();
      if (socket < 0) {
        fail(new Error('somebody made the kernel believe that nobody listens'));
        return;
      }
    }
    isAnswered = false;
    askedAt = clock.monotonic();
    if (askAgain(socket) === 0) drain();
  }

  function drain(): void {
    if (error !== null) return;
    for (let count = 0; count < messagesAtOnceMax; count++) {
      const length = receiveMessage(socket, message);
      if (length === -errno.EAGAIN) return;
      if (length < 0 && length !== -errno.ENOBUFS) {
        fail(new Error(`error ${-length}`));
        return;
      }
      if (length < 0) onLost();
      const said = message.subarray(0, Math.max(0, length));
      isAnswered ||= isAnswer(said);
      const event = parseProcessEvent(said);
      if (event !== undefined) onEvent(event);
    }
  }
}

function refusal(error: number): string {
  switch (error) {
    case errno.EPERM:
    case errno.EACCES:
      return 'to follow processes needs CAP_NET_ADMIN';
    case errno.EPROTONOSUPPORT:
    case errno.EAFNOSUPPORT:
      return 'this kernel has no process connector';
    case errno.ECONNREFUSED:
      return 'the process connector is of the first namespaces of processes and network alone';
    default:
      return `processes cannot be followed: error ${error}`;
  }
}
