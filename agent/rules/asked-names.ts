import { CodedError } from '../../shared/errors.ts';
import { encodeName, encodeRaw, type Name, type RawName, rawNameBytesMax, rawOf } from '../../shared/name.ts';

const namesMax = 1_000;

/**
 * The names that somebody asks about: absolute within the root, as manifests write them (`\x0a` is a newline, `\\` a
 * backslash). What is no such writing is taken as it stands, since a shell completes it so. Errors: USAGE.
 */
export function askedNames(paths: readonly string[]): readonly Name[] {
  if (paths.length > namesMax) throw new CodedError('USAGE', `expected at most ${namesMax} paths, got ${paths.length}`);
  return [...new Set(paths.map((path) => encodeRaw(rawPath(path))))];
}

function rawPath(path: string): RawName {
  const refuse = (expected: string) => new CodedError('USAGE', `expected ${expected}, got ${path}`);
  if (!path.startsWith('/')) throw refuse('an absolute path within the root, such as /etc/passwd');
  const raw = rawOf(path) ?? rawOf(encodeName(Buffer.from(path)))!;
  const trimmed = raw.replace(/\/+$/, '') || '/';
  if (/\/\.{0,2}(\/|$)/.test(trimmed) && trimmed !== '/') throw refuse('a path without `//`, `.` and `..` in it');
  if (trimmed.length > rawNameBytesMax) throw refuse(`at most ${rawNameBytesMax} bytes`);
  if (trimmed.includes('\0')) throw refuse('a path without a NUL');
  return trimmed;
}
