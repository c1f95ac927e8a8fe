import type { RawName } from '../../../shared/name.ts';
import type { Reader } from './collector.ts';
import { namesIn } from './regular-file.ts';

const patternBytesMax = 4_096;
const matchesMax = 10_000;
const patternsMax = 1_024;

/**
 * The paths that glob(7) finds for an absolute pattern, sorted by bytes; a pattern without wildcards is its own path, there
 * or not. Wildcards leave dotfiles out, as glob(3) does. Past `matchesMax` the rest is not found, and past `patternsMax` of one
 * subject nothing: each is looked for once.
 */
export function globPaths(reader: Reader, pattern: RawName): readonly RawName[] {
  let known = pathsOf.get(reader);
  if (known === undefined) {
    known = new Map();
    pathsOf.set(reader, known);
  }
  const before = known.get(pattern);
  if (before !== undefined) return before;
  if (pattern.length > patternBytesMax || known.size === patternsMax) return [];
  const paths = findPaths(reader, pattern);
  known.set(pattern, paths);
  return paths;
}

const pathsOf = new WeakMap<Reader, Map<RawName, readonly RawName[]>>();

function findPaths(reader: Reader, pattern: RawName): readonly RawName[] {
  let paths: RawName[] = [''];
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    const isPlain = !/[*?[\\]/.test(segment);
    const next: RawName[] = [];
    for (const path of paths) {
      if (next.length >= matchesMax) break;
      if (isPlain) next.push(`${path}/${segment}`);
      else next.push(...matchesIn(reader, path || '/', segment).map((name) => `${path}/${name}`));
    }
    paths = next.slice(0, matchesMax);
  }
  return paths.sort();
}

function matchesIn(reader: Reader, directory: RawName, segment: RawName): readonly RawName[] {
  const matches = compileGlob(segment);
  return namesIn(reader, directory).filter((name) => (name[0] !== '.' || segment[0] === '.') && matches(name));
}

/** One segment. On a mismatch only the latest `*` takes one more byte, so the cost is the product of the lengths at most. */
export function compileGlob(pattern: RawName): (name: RawName) => boolean {
  const units = parseGlob(pattern);
  return (name) => {
    let [at, place, starAt, starPlace] = [0, 0, -1, 0];
    while (place < name.length) {
      const unit = units[at];
      if (unit === '*') {
        starAt = at++;
        starPlace = place;
      } else if (unit?.(name[place]!)) {
        at++;
        place++;
      } else if (starAt !== -1) {
        at = starAt + 1;
        place = ++starPlace;
      } else return false;
    }
    return units.slice(at).every((unit) => unit === '*');
  };
}

type Unit = '*' | ((byte: string) => boolean);

function parseGlob(pattern: RawName): readonly Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    const end = char === '[' ? classEnd(pattern, at) : -1;
    if (char === '*') units.push('*');
    else if (char === '?') units.push(() => true);
    else if (end !== -1) {
      units.push(classUnit(pattern.slice(at + 1, end)));
      at = end;
    } else {
      const literal = char === '\\' && at + 1 < pattern.length ? pattern[++at]! : char;
      units.push((byte) => byte === literal);
    }
  }
  return units;
}

/** Of `[a]` and `[]a]` and `[!]a]`: a bracket that comes first is a member. -1: the class does not end. */
function classEnd(pattern: RawName, start: number): number {
  const first = start + (/[!^]/.test(pattern[start + 1] ?? '') ? 2 : 1);
  return pattern.indexOf(']', first + 1);
}

function classUnit(inside: RawName): Unit {
  const negated = /^[!^]/.test(inside);
  const members = negated ? inside.slice(1) : inside;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([members[at]!, members[isRange ? at + 2 : at]!]);
    if (isRange) at += 2;
  }
  return (byte) => ranges.some(([from, to]) => from <= byte && byte <= to) !== negated;
}
