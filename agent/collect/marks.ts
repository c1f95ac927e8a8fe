import { hash } from 'node:crypto';
import type { RawName } from '../../shared/name.ts';
import type { Stat } from '../host/stat.ts';

/**
 * A mark stands for a file as it was when it was found equal to its entry: its path, mount, inode, owner, mode, size, ctime
 * and mtime. The kernel sets ctime at every change of a file and lets nobody choose it; whoever turns the clock back or
 * writes to the disk beneath can, so that marks are trusted for a day, and not always.
 */
export const markBytes = 16;

const scratch = Buffer.alloc(16_384);

/** Writes the mark of a file into 16 bytes: a truncated sha256. Parts of struct statx: see `stat.ts`. */
export function writeMark(path: RawName, stat: Stat, into: Uint8Array): void {
  let length = stat.bytes.copy(scratch, 0, 8, 16);
  length += stat.bytes.copy(scratch, length, 20, 48);
  length += stat.bytes.copy(scratch, length, 96, 152);
  length += scratch.write(path, length, 'latin1');
  into.set(hash('sha256', scratch.subarray(0, length), 'buffer').subarray(0, markBytes));
}

/** What need not be read again. */
export interface Verified {
  readonly table: MarkTable;
  /**
   * Milliseconds since 1970. A file that was changed later gets no mark: filesystems keep times no finer than a clock's
   * tick, some than two seconds, so that it may change once more and look as it did.
   */
  readonly settledBefore: number;
}

/** A hash table of marks that all threads share. One of length 0 holds none, and asks for marks all the same. */
export type MarkTable = SharedArrayBuffer;

export function markTableOf(marks: Uint8Array): MarkTable {
  const count = marks.length / markBytes;
  const slots = count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count * 2));
  const table = new Uint32Array(new SharedArrayBuffer(slots * markBytes));
  const words = new Uint32Array(marks.buffer.slice(marks.byteOffset, marks.byteOffset + marks.length));
  for (let at = 0; at < words.length; at += 4) {
    const slot = slotOf(table, words, at);
    table.set(words.subarray(at, at + 4), slot);
  }
  return table.buffer as SharedArrayBuffer;
}

export function hasMark(table: MarkTable, mark: Uint8Array): boolean {
  if (table.byteLength === 0) return false;
  const words = new Uint32Array(mark.buffer, mark.byteOffset, 4);
  const view = new Uint32Array(table);
  return !isEmpty(view, slotOf(view, words, 0));
}

/** Where these four words are, or the empty slot where they would be. */
function slotOf(table: Uint32Array, words: Uint32Array, at: number): number {
  let slot = ((words[at]! * 4) >>> 0) % table.length;
  slot -= slot % 4;
  while (!isEmpty(table, slot)) {
    if ([0, 1, 2, 3].every((word) => table[slot + word] === words[at + word])) return slot;
    slot = (slot + 4) % table.length;
  }
  return slot;
}

/** No sha256 of anything is known to begin with 128 zero bits. */
function isEmpty(table: Uint32Array, slot: number): boolean {
  return (table[slot]! | table[slot + 1]! | table[slot + 2]! | table[slot + 3]!) === 0;
}
