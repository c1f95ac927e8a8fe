import { libc } from './libc.ts';

const poll: { readonly async: (...args: readonly unknown[]) => void } = libc.func(
  'int poll(uint8_t *, unsigned long, int)',
);

/** What a file is waited for: something to read, or a change of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export type Awaited = 'readable' | 'changed';

const [pollIn, pollPriority, pollError] = [0x1, 0x2, 0x8];
const bits: Readonly<Record<Awaited, number>> = { readable: pollIn, changed: pollPriority | pollError };

/** Waits on a thread beside, for `msMax` at most, and tells for which of the files it was worth it. poll(2). */
export function waitForAny(
  files: readonly (readonly [fd: number, awaited: Awaited])[],
  msMax: number,
): Promise<readonly boolean[]> {
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
