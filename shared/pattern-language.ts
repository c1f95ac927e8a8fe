import type { RawName } from './name.ts';
import { parsePattern, type Segment, type Unit } from './pattern.ts';

/**
 * What patterns have to do with each other, decided on the sets of paths that they match. Each pattern becomes a machine
 * that reads a path byte by byte, and both machines read all paths at once. That can take exponentially many steps where
 * many wildcards meet: past a bound nothing is said.
 */

/** A path that `pattern` matches and none of `others` does: undefined where there is none, so that `others` cover it. */
export function pathOutside(pattern: string, others: readonly string[]): RawName | undefined | 'unknown' {
  return searchPath([pattern], others, (one, other) => one && !other);
}

/** A path that both match; undefined where there is none. */
export function pathInBoth(pattern: string, other: string): RawName | undefined | 'unknown' {
  return searchPath([pattern], [other], (one, another) => one && another);
}

const statesMax = 5_000;

/** Breadth first, so that a path found is among the shortest there are. */
function searchPath(
  ones: readonly string[],
  others: readonly string[],
  isSought: (one: boolean, other: boolean) => boolean,
): RawName | undefined | 'unknown' {
  const rootMatches = isSought(ones.includes('/'), others.includes('/'));
  if (rootMatches) return '/';
  const [one, other] = [openMachine(ones), openMachine(others)];
  const alphabet = alphabetOf([...one.tests, ...other.tests]);
  const queue: Reading[] = [{ path: '', one: one.start, other: other.start }];
  const seen = new Set<string>();
  for (let next = 0; next < queue.length; next++) {
    const at = queue[next]!;
    const isOpen = at.path === '' || at.path.endsWith('/');
    if (!isOpen && isSought(one.accepts(at.one), other.accepts(at.other))) return at.path;
    // A path begins with a slash, and no two stand together.
    for (const byte of at.path === '' ? [slash] : alphabet) {
      if (isOpen && byte === slash && at.path !== '') continue;
      const reached = { one: one.step(at.one, byte), other: other.step(at.other, byte) };
      const key = `${reached.one.join()};${reached.other.join()};${byte === slash}`;
      if (reached.one.length === 0 || seen.has(key)) continue;
      if (seen.size >= statesMax) return 'unknown';
      seen.add(key);
      queue.push({ path: at.path + String.fromCharCode(byte), ...reached });
    }
  }
  return undefined;
}

interface Reading {
  readonly path: RawName;
  readonly one: Places;
  readonly other: Places;
}

const slash = 0x2f;
type Test = Unit | 'slash';
type Step = { readonly test: Test } | { readonly to: readonly number[] } | 'end';
/** Where a machine may be, sorted, without steps that read nothing. */
type Places = readonly number[];

interface Machine {
  readonly tests: readonly Test[];
  readonly start: Places;
  readonly step: (places: Places, byte: number) => Places;
  readonly accepts: (places: Places) => boolean;
}

/** One machine for any of some patterns. */
function openMachine(patterns: readonly string[]): Machine {
  const steps: Step[] = [];
  const starts: number[] = [];
  for (const pattern of patterns.filter((text) => text !== '/')) {
    starts.push(steps.length);
    const segments = parsePattern(pattern);
    if (segments === undefined) throw new TypeError(`not a pattern: ${pattern}`);
    for (const [index, segment] of segments.entries()) addSegment(steps, segment, index === segments.length - 1);
    steps.push('end');
  }
  const settle = (places: Iterable<number>): Places => {
    const found = new Set<number>();
    const left = [...places];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      const step = steps[at]!;
      if (step !== 'end' && 'to' in step) left.push(...step.to);
    }
    return [...found].filter((at) => steps[at] === 'end' || 'test' in (steps[at] as object)).sort((a, b) => a - b);
  };
  return {
    tests: steps.flatMap((step) => (step !== 'end' && 'test' in step ? [step.test] : [])),
    start: settle(starts),
    step: (places, byte) =>
      settle(
        places
          .filter((at) => steps[at] !== 'end' && passes((steps[at] as { test: Test }).test, byte))
          .map((at) => at + 1),
      ),
    accepts: (places) => places.some((at) => steps[at] === 'end'),
  };
}

function addSegment(steps: Step[], segment: Segment, isLast: boolean): void {
  if (segment === '**') {
    const begin = steps.length;
    // At the end it stands for at least one segment, elsewhere for any number.
    if (!isLast) steps.push({ to: [begin + 1, begin + 4] });
    steps.push({ test: 'slash' }, { test: 'any' });
    const byte = steps.length - 1;
    steps.push({ to: [byte, begin, byte + 2] });
    return;
  }
  steps.push({ test: 'slash' });
  for (const unit of segment) {
    const at = steps.length;
    if (unit === '*') steps.push({ to: [at + 1, at + 3] }, { test: 'any' }, { to: [at] });
    else steps.push({ test: unit });
  }
}

/** No unit matches a slash, whatever range a class spans. */
function passes(test: Test, byte: number): boolean {
  if (test === 'slash') return byte === slash;
  return byte !== slash && (typeof test === 'number' ? test === byte : test === 'any' || test[byte] === true);
}

/** One byte for all that no test tells apart, a readable one where there is; the slash is always one of them. */
function alphabetOf(tests: readonly Test[]): readonly number[] {
  const distinct = [
    ...new Map(tests.filter((test) => test !== 'any').map((test) => [JSON.stringify(test), test])).values(),
  ];
  const byAnswer = new Map<string, number>();
  for (const byte of [...readable, ...Array.from({ length: 255 }, (_, index) => index + 1)]) {
    const answers = distinct.map((test) => (passes(test, byte) ? '1' : '0')).join('');
    if (byte !== slash && !byAnswer.has(answers)) byAnswer.set(answers, byte);
  }
  return [slash, ...byAnswer.values()];
}

const readable = [...Buffer.from('xabcdefghijklmnopqrstuvwyz0123456789')];
