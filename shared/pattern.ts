import { nameBytes, type RawName } from './name.ts';

/**
 * Patterns over paths, matched byte by byte: `*` any bytes of one segment, `?` one byte, `[a-z_]` one byte of a class, and
 * `**` as a whole segment for any number of segments; at the end it stands for at least one, so `/x/**` does not match
 * `/x`. Dotfiles match like all else. A pattern is written as names are: `\\` is a backslash, `\xNN` a byte.
 *
 * Matching keeps one place to come back to inside a segment and one between segments, so its cost is at most the length of
 * the pattern times the length of the path, whatever a stranger calls a file.
 */
export type Matcher = (path: RawName) => boolean;

/** A longer one is refused where rules are read. */
export const patternCharsMax = 4_096;

/** Whether `compilePattern` accepts the text. */
export function isPattern(text: string): boolean {
  return parsePattern(text) !== undefined;
}

/** The matcher of a pattern. Throws TypeError for what `isPattern` refuses: callers have parsed their rules before. */
export function compilePattern(text: string): Matcher {
  const segments = parsePattern(text);
  if (segments === undefined) throw new TypeError(`not a pattern: ${text}`);
  const exact = literalOf(segments);
  if (exact !== undefined) return (path) => path === exact;
  const prefix = literalPrefixOf(segments);
  return (path) => path.startsWith(prefix) && matchSegments(segments, path === '/' ? [] : path.slice(1).split('/'));
}

/** One test of one byte: the byte itself, any byte, or a class as 256 flags. */
export type Unit = number | 'any' | readonly boolean[];
export type Segment = '**' | readonly (Unit | '*')[];

/** The segments of a pattern; undefined for what is none. */
export function parsePattern(text: string): readonly Segment[] | undefined {
  const raw = nameBytes(text)?.toString('latin1');
  if (raw === undefined || !raw.startsWith('/') || raw.includes('\0')) return undefined;
  if (raw === '/') return [[]];
  const segments = raw.slice(1).split('/').map(parseSegment);
  return segments.every((segment) => segment !== undefined) ? segments : undefined;
}

function parseSegment(text: string): Segment | undefined {
  if (text === '**') return '**';
  // `**` beside other bytes, braces and empty or dotted segments mean something elsewhere and nothing here.
  if (text === '' || text === '.' || text === '..' || text.includes('**') || /[{}]/.test(text)) return undefined;
  const units: (Unit | '*')[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (char === ']') return undefined;
    if (char !== '[') {
      units.push(char === '*' ? '*' : char === '?' ? 'any' : char.charCodeAt(0));
      at++;
      continue;
    }
    // A `]` right after the bracket is a member, as in POSIX.
    const end = text.indexOf(']', at + 2);
    const members = end === -1 ? undefined : parseClass(text.slice(at + 1, end));
    if (members === undefined) return undefined;
    units.push(members);
    at = end + 1;
  }
  return units;
}

/** No negation: a leading `!` or `^` is refused, so that nobody reads a class as its opposite. */
function parseClass(text: string): readonly boolean[] | undefined {
  if (/^[!^]/.test(text)) return undefined;
  const members = new Array<boolean>(256).fill(false);
  for (let at = 0; at < text.length; at++) {
    const from = text.charCodeAt(at);
    const isRange = text[at + 1] === '-' && at + 2 < text.length;
    const to = isRange ? text.charCodeAt(at + 2) : from;
    if (to < from) return undefined;
    members.fill(true, from, to + 1);
    if (isRange) at += 2;
  }
  return members;
}

function literalOf(segments: readonly Segment[]): RawName | undefined {
  return segments.every((segment) => segment !== '**' && segment.every((unit) => typeof unit === 'number'))
    ? literalPrefixOf(segments)
    : undefined;
}

/** The bytes that every match begins with: most patterns fail here, before anything is split. */
function literalPrefixOf(segments: readonly Segment[]): RawName {
  let prefix = '';
  for (const segment of segments) {
    prefix += '/';
    if (segment === '**') return prefix;
    for (const unit of segment) {
      if (typeof unit !== 'number') return prefix;
      prefix += String.fromCharCode(unit);
    }
  }
  return prefix;
}

function matchSegments(pattern: readonly Segment[], path: readonly string[]): boolean {
  return matchGreedy(
    pattern.length,
    path.length,
    (at) => pattern[at] === '**',
    (at, place) => matchSegment(pattern[at] as readonly (Unit | '*')[], path[place]!),
    pattern.at(-1) === '**',
  );
}

function matchSegment(units: readonly (Unit | '*')[], text: string): boolean {
  return matchGreedy(
    units.length,
    text.length,
    (at) => units[at] === '*',
    (at, place) => matchUnit(units[at] as Unit, text.charCodeAt(place)),
    false,
  );
}

function matchUnit(unit: Unit, byte: number): boolean {
  return typeof unit === 'number' ? unit === byte : unit === 'any' || unit[byte] === true;
}

/**
 * The classic wildcard walk: on a mismatch only the latest wildcard takes one more, since whatever an earlier one could take
 * the latest can take as well. With `lastTakesOne`, a wildcard at the very end takes at least one.
 */
function matchGreedy(
  patternLength: number,
  length: number,
  isWild: (at: number) => boolean,
  matches: (at: number, place: number) => boolean,
  lastTakesOne: boolean,
): boolean {
  let at = 0;
  let place = 0;
  let wildAt = -1;
  let wildPlace = 0;
  while (place < length) {
    if (at < patternLength && isWild(at)) {
      if (lastTakesOne && at === patternLength - 1) return true;
      wildAt = at++;
      wildPlace = place;
    } else if (at < patternLength && matches(at, place)) {
      at++;
      place++;
    } else if (wildAt !== -1) {
      at = wildAt + 1;
      place = ++wildPlace;
    } else return false;
  }
  while (at < patternLength && isWild(at) && !(lastTakesOne && at === patternLength - 1)) at++;
  return at === patternLength;
}
