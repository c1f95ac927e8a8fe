import { constants } from 'node:fs';
import type { Stat } from '../host/stat.ts';

/**
 * What the kernel says of a path that need not be read again as long as it says the same. It sets ctime at every change of
 * a file and lets nobody choose it; whoever turns the clock back or writes to the disk beneath can, and on a filesystem in memory
 * whoever keeps writing to a page that is mapped. So stamps are trusted for a day, and not always. As words of struct statx: flags, uid, gid, mode, inode, size, ctime, mtime, device, mount.
 */
const words = [2, 5, 6, 7, 8, 9, 10, 11, 24, 25, 26, 28, 29, 30, 34, 35, 36] as const;
export const stampWords = words.length;
const [modeAt, inodeAt, sizeAt] = [words.indexOf(7), words.indexOf(8), words.indexOf(10)];
const [ctimeAt, deviceAt] = [words.indexOf(24), words.indexOf(34)];

/** Where a stamp is among others. All zeros where not all of a path could be seen. */
export interface StampPlace {
  readonly words: Uint32Array;
  readonly at: number;
}

export function noStamp(): StampPlace {
  return { words: new Uint32Array(stampWords), at: 0 };
}

export function writeStamp(stat: Stat, { words: into, at }: StampPlace): void {
  for (let word = 0; word < stampWords; word++) into[at + word] = stat.words[words[word]!]!;
}

export function hasStamp(stat: Stat, { words: from, at }: StampPlace): boolean {
  for (let word = 0; word < stampWords; word++) if (from[at + word] !== stat.words[words[word]!]) return false;
  return true;
}

/** Whether that much is the same. */
export function hasSize(stat: Stat, { words: from, at }: StampPlace): boolean {
  return from[at + sizeAt] === stat.words[10] && from[at + sizeAt + 1] === stat.words[11];
}

export function isFileStamp({ words, at }: StampPlace): boolean {
  return (words[at + modeAt]! & constants.S_IFMT) === constants.S_IFREG;
}

export function isDirectoryStamp({ words, at }: StampPlace): boolean {
  return (words[at + modeAt]! & constants.S_IFMT) === constants.S_IFDIR;
}

/** The same for all names of one file. */
export function inodeOf({ words: from, at }: StampPlace): string {
  return [inodeAt, inodeAt + 1, deviceAt, deviceAt + 1].map((word) => from[at + word]).join();
}

/** What `stat` tells beside times and sizes: a link of one inode has one target. */
export function attributesOf({ words, at }: StampPlace): string {
  return words.subarray(at + 1, at + 6).join();
}

/** Filesystems keep times no finer than a clock's tick, some than two seconds: what changes twice within it looks as it did. */
const settledMs = 2_000;
/** A page that is mapped and was written to takes further writes without another time, until it is on the disk: half a minute. */
const settledFileMs = 60_000;

/**
 * Whether it last changed so long before a sweep that every later change gives it another stamp. False for zeros. `sweptAt`:
 * when the sweep began, in milliseconds since 1970.
 */
export function isSettled({ words, at }: StampPlace, sweptAt: number): boolean {
  if (words[at + modeAt] === 0) return false;
  // Seconds are signed, and past 2106 take more than one word.
  const seconds = words[at + ctimeAt]! + (words[at + ctimeAt + 1]! | 0) * 2 ** 32;
  return (
    seconds * 1_000 + words[at + ctimeAt + 2]! / 1e6 <
    sweptAt - (isFileStamp({ words, at }) ? settledFileMs : settledMs)
  );
}
