import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import type { RawName } from '../../shared/name.ts';
import { refuseSilent, type SilentMounts } from './silent-mounts.ts';
import { type RootPrefix, systemPath } from './system-path.ts';

const linksMax = 40;

/**
 * Resolves a path as if the root were `/`: absolute link targets begin at the root and `..` ends there, so that a link in a
 * foreign tree never leads to this machine's own files. Throws what the system says, ELOOP, and ETIMEDOUT at a mount that does not
 * answer.
 */
export function resolveInside(root: RootPrefix, path: RawName, silent: SilentMounts = new Set()): RawName {
  const left = path.split('/').reverse();
  const done: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const next = `/${[...done, part].join('/')}`;
    refuseSilent(next, silent);
    const at = systemPath(root, next);
    if (!lstatSync(at).isSymbolicLink()) {
      done.push(part);
      continue;
    }
    if (++links > linksMax) throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' });
    const target = readlinkSync(at, 'latin1');
    if (target.startsWith('/')) done.length = 0;
    left.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

/**
 * The bytes of a regular file within the root, links resolved inside. Throws what the system says, EINVAL for anything but a
 * regular file, EFBIG past `bytesMax`.
 */
export function readInside(
  root: RootPrefix,
  path: RawName,
  bytesMax: number,
  silent: SilentMounts = new Set(),
): Buffer {
  return readRegular(systemPath(root, resolveInside(root, path, silent)), bytesMax);
}

/** The bytes of a regular file, never waiting for a FIFO and never reading without end. Throws as `readInside`. */
export function readRegular(at: string | Buffer, bytesMax: number): Buffer {
  return readDescriptor(openSync(at, withoutWaiting), bytesMax);
}

/** The same, and ELOOP where a link stands at the end of the path. */
export function readPlainFile(at: string | Buffer, bytesMax: number): Buffer {
  return readDescriptor(openSync(at, withoutWaiting | constants.O_NOFOLLOW), bytesMax);
}

const withoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Closes the descriptor too. Throws as `readInside`. */
export function readDescriptor(fd: number, bytesMax: number): Buffer {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw Object.assign(new Error('it is not a regular file'), { code: 'EINVAL' });
    if (stats.size > bytesMax) {
      throw Object.assign(new Error(`it has ${stats.size} bytes, more than ${bytesMax}`), { code: 'EFBIG' });
    }
    const bytes = Buffer.alloc(stats.size);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got) {
      got = readSync(fd, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
