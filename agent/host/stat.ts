import { constants } from 'node:fs';
import type { FileType } from '../../shared/entry.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, cPath, statx } from './libc.ts';

/** struct statx of linux/stat.h as 256 bytes; reused by whoever holds it. */
export type Stat = Buffer;

export function newStat(): Stat {
  return Buffer.alloc(256);
}

/** Of an open file. Gives 0 or `-errno`. */
export function statOf(fd: number, into: Stat): number {
  return statx(fd, '', AT_EMPTY_PATH, into);
}

/** Of a name in an open directory, links not followed. Gives 0 or `-errno`. */
export function statIn(directory: number, name: string, into: Stat): number {
  return statx(directory, cPath(name), AT_SYMLINK_NOFOLLOW, into);
}

/** Which file is at an absolute path: device and inode, or `-errno`. */
export function fileAt(path: string, links: 'follow' | 'no-follow'): string | number {
  const error = statx(AT_FDCWD, cPath(path), links === 'follow' ? 0 : AT_SYMLINK_NOFOLLOW, identity);
  if (error < 0) return error;
  return `${identity.readUInt32LE(136)}:${identity.readUInt32LE(140)} ${identity.readBigUInt64LE(32)}`;
}

const identity = newStat();

/** Whether a mount begins at an absolute path: STATX_ATTR_MOUNT_ROOT, Linux 5.8; before it, never. */
export function isMountRoot(path: string): boolean {
  return statx(AT_FDCWD, cPath(path), AT_SYMLINK_NOFOLLOW, identity) === 0 && (identity.readUInt32LE(8) & 0x2000) !== 0;
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

export function typeIn(stat: Stat): FileType {
  return fileTypes.get(stat.readUInt16LE(28) & constants.S_IFMT) ?? 'file';
}

/** Four octal digits. */
export function modeIn(stat: Stat): string {
  return (stat.readUInt16LE(28) & 0o7777).toString(8).padStart(4, '0');
}

export const uidIn = (stat: Stat): number => stat.readUInt32LE(20);
export const gidIn = (stat: Stat): number => stat.readUInt32LE(24);
export const sizeIn = (stat: Stat): bigint => stat.readBigUInt64LE(40);

/** When the inode and when the content last changed, in milliseconds since 1970, whatever the file says. */
export const changedMsIn = (stat: Stat): number => millisecondsAt(stat, 96);
export const modifiedMsIn = (stat: Stat): number => millisecondsAt(stat, 112);

function millisecondsAt(stat: Stat, offset: number): number {
  return Number(stat.readBigInt64LE(offset)) * 1_000 + Math.floor(stat.readUInt32LE(offset + 8) / 1e6);
}

/** `major:minor`. */
export const rdevIn = (stat: Stat): string => `${stat.readUInt32LE(128)}:${stat.readUInt32LE(132)}`;

/** STATX_ATTR_IMMUTABLE and STATX_ATTR_APPEND; undefined where neither is set or the filesystem does not have them. */
export function flagsIn(stat: Stat): string | undefined {
  const attributes = stat.readUInt32LE(8) & stat.readUInt32LE(56);
  const flags = [attributes & 0x20 ? 'append' : '', attributes & 0x10 ? 'immutable' : ''];
  return attributes & 0x30 ? flags.filter((flag) => flag !== '').join(',') : undefined;
}

/** Whether nobody wrote the file or changed its attributes in between: inode, size, ctime and mtime. */
export function isUnchanged(before: Stat, after: Stat): boolean {
  return before.compare(after, 32, 48, 32, 48) === 0 && before.compare(after, 96, 128, 96, 128) === 0;
}
