import { constants } from 'node:fs';
import type { RawName } from '../../shared/name.ts';
import { close, cPath, errno, openat, openat2 } from './libc.ts';

// From linux/fcntl.h and linux/openat2.h; the same on all our architectures.
export const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;

/** To read a regular file without waiting for whatever may have taken its place. */
export const toRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
/** To look at what stands there, a link too, without opening it. */
export const toLook = O_PATH | constants.O_NOFOLLOW;
export const toList = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** PATH_MAX is 4,096 bytes with the NUL: a longer path is opened in pieces. */
const pieceBytesMax = 4_000;

/**
 * Opens a path beneath a directory, so that no link on the way is ever followed, even one that somebody puts there this
 * moment: openat2(2) with RESOLVE_NO_SYMLINKS, or directory by directory where the kernel or a filter does not have it.
 * Gives a descriptor, or `-errno`: ELOOP or ENOTDIR where a link is on the way.
 */
export function openBeneath(root: number, path: RawName, flags: number): number {
  const relative = path === '/' ? '.' : path.slice(1);
  if (relative.length <= pieceBytesMax) return openPiece(root, relative, flags);
  const cut = relative.lastIndexOf('/', pieceBytesMax);
  if (cut === -1) return -errno.ENAMETOOLONG;
  const above = openPiece(root, relative.slice(0, cut), toLook);
  if (above < 0) return above;
  try {
    return openBeneath(above, relative.slice(cut), flags);
  } finally {
    close(above);
  }
}

function openPiece(root: number, relative: RawName, flags: number): number {
  if (hasOpenat2 !== false) {
    const fd = openat2(root, cPath(relative), howOf(flags));
    if (hasOpenat2 || fd >= 0) {
      hasOpenat2 = true;
      return fd;
    }
    hasOpenat2 = !isMissing(openat2(root, '.', howOf(toLook)));
    if (hasOpenat2) return fd;
  }
  return openStepwise(root, relative, flags);
}

/** Kernels before 5.6 do not have it, and seccomp filters older than it forbid it. */
let hasOpenat2: boolean | undefined;

function isMissing(result: number): boolean {
  if (result >= 0) close(result);
  return result === -errno.ENOSYS || result === -errno.EPERM;
}

const hows = new Map<number, Buffer>();

/** struct open_how { u64 flags, mode, resolve }. */
function howOf(flags: number): Buffer {
  let how = hows.get(flags);
  if (how === undefined) {
    how = Buffer.alloc(24);
    how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
    how.writeBigUInt64LE(BigInt(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), 16);
    hows.set(flags, how);
  }
  return how;
}

/** Exported for tests: what kernels without openat2 get. */
export function openStepwise(root: number, relative: RawName, flags: number): number {
  const parts = relative.split('/');
  const last = parts.pop()!;
  let at = root;
  try {
    for (const part of parts) {
      const next = openat(at, cPath(part), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC);
      if (at !== root) close(at);
      at = root;
      if (next < 0) return next;
      at = next;
    }
    return openat(at, cPath(last), flags | O_CLOEXEC);
  } finally {
    if (at !== root) close(at);
  }
}
