import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ScanRoot, Tally } from './observe.ts';

/** id, and the paths joined by NUL, each after `f` (the directory says: a regular file) or `-`. */
export type ObserveRequest = readonly [id: number, paths: string];
/** A thread looks at the root that it was told last, until it is told to end. */
export type ThreadMessage = ObserveRequest | ScanRoot | 'end';
/** id, for each path its observation and a newline, and their stamps where they are wanted. */
export type ObserveReply = readonly [id: number, lines: string, tally: Tally, stamps: Uint32Array | undefined];

/**
 * Observes on as many threads as there are cores, the calling one included: it takes what the others have no room for,
 * and so need not wait until they are up, which takes a tenth of a second.
 */
export interface ObserverPool {
  /** Rejects with IO when a thread dies. */
  readonly observe: (root: ScanRoot, paths: string) => Promise<ObserveReply>;
  /**
   * Resolves when the threads have ended. Whoever ends the process waits for it: a thread that is torn down while it
   * calls the system, or while it loads what it calls with, takes the whole process down with SIGABRT.
   */
  readonly close: () => Promise<void>;
}

/** The bundle holds the thread's program in a file beside itself. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './observer-thread.ts' : './observer-thread.js',
  import.meta.url,
);

/** So many messages wait in each thread's queue, so that no thread idles while the calling one is busy. */
const queuedMax = 3;
/** The same until the calling thread has time for the first time: before, it reads what is not files, all in one go. */
const queuedFirstMax = 48;

/**
 * Where so much of the program and of the first directories had to come from a disk, the files will too: 1 MiB in blocks
 * of 512 bytes, as getrusage(2) counts what came from no cache.
 */
const blocksColdMin = 2_048;
/** The first directories are those of so many requests. */
const requestsFirst = 32;
/** With so many more, a disk has enough to do at a time; a third one would cost more than it brings. */
const threadsForDisk = 2;

interface Waiting {
  readonly root: ScanRoot;
  readonly request: ObserveRequest;
  readonly resolve: (reply: ObserveReply) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  queued: number;
  /** What it looks at now. */
  root: ScanRoot | undefined;
  /** It has answered, so it is up. */
  up: boolean;
}

/**
 * Starts the threads at once: they come up while the caller loads and checks what it needs. `hurries` allows for a few more
 * where files come from a disk: they wait while the others hash.
 */
export function openObserverPool(threadsBeside = availableParallelism() - 1, hurries = true): ObserverPool {
  const running = new Map<number, Waiting>();
  const waiting: Waiting[] = [];
  let nextId = 0;
  let failure: CodedError | undefined;
  let helping = false;
  let isFree = false;
  let observePaths: typeof import('./observe-paths.ts').observePaths | undefined;
  const stop = new Int32Array(new SharedArrayBuffer(4));

  const startThread = (): Thread => {
    const worker = new Worker(program);
    const thread: Thread = { worker, queued: 0, root: undefined, up: false };
    worker.on('message', (reply: ObserveReply) => {
      thread.up = true;
      isFree = true;
      thread.queued--;
      feed();
      const request = running.get(reply[0]);
      running.delete(reply[0]);
      request?.resolve(reply);
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`it ended with code ${code}`)));
    // A pool must not keep a process alive that has nothing more to ask.
    worker.unref();
    return thread;
  };
  const threads = Array.from({ length: threadsBeside }, startThread);
  let mayAdd = hurries && threadsBeside > 0;

  const addForDisk = () => {
    if (!mayAdd || process.resourceUsage().fsRead < blocksColdMin) return;
    mayAdd = false;
    try {
      for (let n = 0; n < threadsForDisk; n++) threads.push(startThread());
    } catch {
      // Where no more threads are allowed, it takes longer.
    }
  };
  addForDisk();

  // What this thread needs to take part is loaded while the others come up.
  import('./observe-paths.ts').then((module) => {
    observePaths = module.observePaths;
    feed();
  }, fail);

  function feed(): void {
    for (let queued = 0; queued < (isFree ? queuedMax : queuedFirstMax); queued++) {
      for (const thread of threads) {
        if (thread.queued > queued) continue;
        const next = waiting.shift();
        if (next === undefined) return;
        thread.queued++;
        running.set(next.request[0], next);
        if (running.size === 1) for (const { worker } of threads) worker.ref();
        send(thread, next);
      }
    }
    if (waiting.length > 0 && !helping && observePaths !== undefined) {
      helping = true;
      setImmediate(help);
    }
  }

  function send(thread: Thread, { root, request }: Waiting): void {
    if (thread.root !== root) thread.worker.postMessage({ ...plain(root), stop } satisfies ThreadMessage);
    thread.root = root;
    thread.worker.postMessage(request satisfies ThreadMessage);
  }

  /** One request in this thread, and then room for the replies of the others. */
  function help(): void {
    helping = false;
    const next = waiting.shift();
    try {
      next?.resolve(observePaths!({ ...next.root, stop }, next.request));
    } catch (error) {
      next?.reject(error as Error);
    }
    feed();
  }

  function fail(cause: Error): void {
    failure ??= new CodedError('IO', `a thread that reads files has failed: ${cause.message}`, cause);
    for (const { reject } of [...running.values(), ...waiting.splice(0)]) reject(failure);
    running.clear();
  }

  return {
    observe: (root, paths) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.push({ root, request: [nextId++, paths], resolve, reject });
        if (nextId === requestsFirst) addForDisk();
        feed();
      }),
    close: async () => {
      waiting.length = 0;
      stop[0] = 1;
      Atomics.notify(stop, 0);
      await Promise.all(threads.map(endOf));
    },
  };
}

/** What can be sent to a thread. */
function plain({ fd, prefix, labels, stamps = false, pace }: ScanRoot): ScanRoot {
  return { fd, prefix, labels, stamps, ...(pace && { pace }) };
}

/** A thread that never answers, as a filesystem may keep one, is left to its fate after so long. */
const endMsMax = 5_000;

async function endOf({ worker, queued, up }: Thread): Promise<void> {
  // One that waits for work may be torn down at any time, and nobody need wait for that.
  if (up && queued === 0) return void worker.terminate();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.ref();
  worker.postMessage('end');
  const waiting = new AbortController();
  await Promise.race([ended, systemClock.sleep(endMsMax, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}
