import { closeSync, constants, openSync, realpathSync } from 'node:fs';
import { CodedError } from '../../shared/errors.ts';
import type { RawName } from '../../shared/name.ts';
import type { ScanRoot } from './observe.ts';

/**
 * A root as the bytes that come before every name in it: empty for `/` itself. Symbolic links of the root's own path are
 * resolved once, here; no link inside is ever followed.
 */
export type RootPrefix = RawName;

/** A root that is being looked at. */
export interface OpenRoot extends ScanRoot {
  readonly prefix: RootPrefix;
  readonly close: () => void;
}

/** Errors: NOT_FOUND. */
export function openRoot(root: string, options: Pick<ScanRoot, 'labels' | 'stamps' | 'pace' | 'budget'>): OpenRoot {
  try {
    const prefix = rootPrefix(root);
    const fd = openSync(systemPath(prefix, '/'), constants.O_RDONLY | constants.O_DIRECTORY);
    return { ...options, prefix, fd, close: () => closeSync(fd) };
  } catch (cause) {
    throw new CodedError('NOT_FOUND', `expected a directory at --root ${root}, and could not open it`, cause);
  }
}

/** Throws what the system says. */
export function rootPrefix(root: string): RootPrefix {
  const real = realpathSync.native(root, 'buffer').toString('latin1');
  return real === '/' ? '' : real;
}

const ascii = /^[\x01-\x7f]*$/;

/** What the kernel gets: bytes. A plain name is the same as a string, which is cheaper. */
export function systemPath(root: RootPrefix, path: RawName): string | Buffer {
  const full = root + path;
  return ascii.test(full) ? full : Buffer.from(full, 'latin1');
}

/** The code of an operating system error, such as `ENOENT`. */
export function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
