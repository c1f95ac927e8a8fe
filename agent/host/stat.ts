import { constants } from 'node:fs';
import type { FileType } from '../../shared/entry.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, cPath, statx } from './libc.ts';

/** struct statx of linux/stat.h, 256 bytes; reused by whoever holds it. Words, since reading a number of a buffer costs more. */
export interface Stat {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

export function newStat(): Stat {
  const words = new Uint32Array(64);
  return { bytes: Buffer.from(words.buffer), words };
}

/** Of an open file. Gives 0 or `-errno`. */
export function statOf(fd: number, into: Stat): number {
  return statx(fd, '', AT_EMPTY_PATH, into.bytes);
}

/** Of a name in an open directory, links not followed. Gives 0 or `-errno`. */
export function statIn(directory: number, name: string, into: Stat): number {
  return statx(directory, cPath(name), AT_SYMLINK_NOFOLLOW, into.bytes);
}

/** Which file is at an absolute path: device and inode, or `-errno`. */
export function fileAt(path: string, links: 'follow' | 'no-follow'): string | number {
  const error = statx(AT_FDCWD, cPath(path), links === 'follow' ? 0 : AT_SYMLINK_NOFOLLOW, identity.bytes);
  if (error < 0) return error;
  return `${wordIn(identity, 136)}:${wordIn(identity, 140)} ${identity.bytes.readBigUInt64LE(32)}`;
}

/** Which file is at an absolute path, and when it last changed; undefined where there is none. Links are not followed. */
export function fileStateAt(path: string): string | undefined {
  const file = fileAt(path, 'no-follow');
  return typeof file === 'number' ? undefined : `${file} ${identity.words.subarray(24, 32).join()}`;
}

/** Of what a path leads to, in bytes; undefined where there is nothing. */
export function sizeAt(path: string): number | undefined {
  const error = statx(AT_FDCWD, cPath(path), 0, identity.bytes);
  return error < 0 ? undefined : sizeIn(identity);
}

const identity = newStat();

/** Whether a mount begins at an absolute path: STATX_ATTR_MOUNT_ROOT, Linux 5.8; before it, never. */
export function isMountRoot(path: string): boolean {
  const error = statx(AT_FDCWD, cPath(path), AT_SYMLINK_NOFOLLOW, identity.bytes);
  return error === 0 && (wordIn(identity, 8) & 0x2000) !== 0;
}

const fileTypes: ReadonlyMap<number, FileType> = new Map([
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFCHR, 'char'],
  [constants.S_IFDIR, 'dir'],
  [constants.S_IFBLK, 'block'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFLNK, 'symlink'],
  [constants.S_IFSOCK, 'socket'],
]);

/** Little-endian, as all our architectures are. */
function wordIn(stat: Stat, offset: number): number {
  return stat.words[offset / 4]!;
}

export function typeIn(stat: Stat): FileType {
  return fileTypes.get(wordIn(stat, 28) & constants.S_IFMT) ?? 'file';
}

/** Four octal digits. */
export function modeIn(stat: Stat): string {
  return (wordIn(stat, 28) & 0o7777).toString(8).padStart(4, '0');
}

/** How many names it has. */
export const linksIn = (stat: Stat): number => wordIn(stat, 16);
export const uidIn = (stat: Stat): number => wordIn(stat, 20);
export const gidIn = (stat: Stat): number => wordIn(stat, 24);
/** In bytes; past 2^53, which no file that is read has, only about. */
export const sizeIn = (stat: Stat): number => wordIn(stat, 44) * 2 ** 32 + wordIn(stat, 40);

/** In bytes, exactly. */
export function sizeTextIn(stat: Stat): string {
  const size = sizeIn(stat);
  return Number.isSafeInteger(size) ? `${size}` : `${stat.bytes.readBigUInt64LE(40)}`;
}

/** When the inode and when the content last changed, in milliseconds since 1970, whatever the file says. */
export const changedMsIn = (stat: Stat): number => millisecondsAt(stat, 96);
export const modifiedMsIn = (stat: Stat): number => millisecondsAt(stat, 112);

function millisecondsAt(stat: Stat, offset: number): number {
  return Number(stat.bytes.readBigInt64LE(offset)) * 1_000 + Math.floor(wordIn(stat, offset + 8) / 1e6);
}

/** `major:minor`. */
export const rdevIn = (stat: Stat): string => `${wordIn(stat, 128)}:${wordIn(stat, 132)}`;

/** STATX_ATTR_IMMUTABLE and STATX_ATTR_APPEND; undefined where neither is set or the filesystem does not have them. */
export function flagsIn(stat: Stat): string | undefined {
  const attributes = wordIn(stat, 8) & wordIn(stat, 56) & 0x30;
  if (attributes === 0) return undefined;
  return [attributes & 0x20 ? 'append' : '', attributes & 0x10 ? 'immutable' : ''].filter(Boolean).join(',');
}

/** Whether nobody wrote the file or changed its attributes in between: inode, size, ctime and mtime. */
export function isUnchanged(before: Stat, after: Stat): boolean {
  return isSame(before, after, 32, 48) && isSame(before, after, 96, 128);
}

function isSame(a: Stat, b: Stat, from: number, to: number): boolean {
  for (let offset = from; offset < to; offset += 4) if (wordIn(a, offset) !== wordIn(b, offset)) return false;
  return true;
}
