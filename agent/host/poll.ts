import { writeSync } from 'node:fs';
import { checked, close, libc } from './libc.ts';

const poll: { readonly async: (...args: readonly unknown[]) => void } = libc.func(
  'int poll(uint8_t *, unsigned long, int)',
);
const eventfd = libc.func('int eventfd(unsigned int, int)') as (count: number, flags: number) => number;

/** What a file is waited for: something to read, or a change of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export type Awaited = 'readable' | 'changed';

const [pollIn, pollPriority, pollError] = [0x1, 0x2, 0x8];
const bits: Readonly<Record<Awaited, number>> = { readable: pollIn, changed: pollPriority | pollError };
const [EFD_NONBLOCK, EFD_CLOEXEC] = [0x800, 0x80000];
const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Waits on a thread beside, without which this process cannot end: so a long wait has to be stopped. */
export interface Waiter {
  /** For `msMax` at most; tells for which of the files it was worth it. poll(2). */
  wait(files: readonly (readonly [fd: number, awaited: Awaited])[], msMax: number): Promise<readonly boolean[]>;
  /** Ends the wait that is under way. There is none after it. */
  stop(): void;
}

/** For one wait at a time. Where no more files may be open a wait cannot be ended, and lasts its time. */
export function openWaiter(): Waiter {
  const bell = checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  let waiting: Promise<unknown> = Promise.resolve();
  let isStopped = bell < 0;
  process.once('exit', stop);
  return {
    wait(files, msMax) {
      const waited = waitFor([...files, [isStopped ? -1 : bell, 'readable']], msMax);
      waiting = waited.catch(() => {});
      return waited.then((worthIt) => worthIt.slice(0, -1));
    },
    stop,
  };

  function stop(): void {
    process.removeListener('exit', stop);
    if (isStopped) return;
    isStopped = true;
    writeSync(bell, one);
    void waiting.then(() => close(bell));
  }
}

function waitFor(files: readonly (readonly [fd: number, awaited: Awaited])[], msMax: number): Promise<boolean[]> {
  const list = Buffer.alloc(8 * files.length);
  for (const [index, [fd, awaited]] of files.entries()) {
    list.writeInt32LE(fd, 8 * index);
    list.writeInt16LE(bits[awaited], 8 * index + 4);
  }
  return new Promise((resolve, reject) => {
    poll.async(list, files.length, msMax, (error: Error | null) => {
      if (error !== null) return reject(error);
      resolve(files.map(([, awaited], index) => (list.readInt16LE(8 * index + 6) & bits[awaited]) !== 0));
    });
  });
}
