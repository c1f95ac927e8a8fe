import { diffArrays } from 'diff';
import { redactedMark } from '../../shared/diff-text.ts';
import { diffCharsMax, type TextDiff } from '../../shared/text-diff.ts';
import { type RedactedLine, redactLines } from '../secrets/redact.ts';
import { dialectOf } from '../secrets/secrets.ts';

type Shown = Extract<TextDiff, { readonly text: string }>;

/** Two texts that differ in more lines are shown as one that went and one that came: to find the least difference takes too long. */
const editsMax = 512;
const contextLines = 3;
/** Characters of one line. The rest is cut, and the diff says so. */
const lineCharsMax = 512;

/**
 * The hunks of a unified diff from one text to another; undefined is no file. Secrets are redacted: `«redacted»`, and where a
 * line changed in its secrets alone, `«redacted 1»` and `«redacted 2»`. Nothing depends on what a secret is, nor on how
 * long: a private key is one line, and line numbers count it so. Pure, in bounded time.
 */
export function diffTexts(before: string | undefined, after: string | undefined, path: string): Shown {
  const dialect = dialectOf(path);
  return bounded(linesOf(stepsOf(redactLines(before ?? '', dialect), redactLines(after ?? '', dialect))));
}

function* linesOf(steps: readonly Step[]): Generator<string> {
  for (const hunk of hunksOf(steps)) {
    yield `@@ ${rangeOf('-', hunk)} ${rangeOf('+', hunk)} @@`;
    const changed = changedSecrets(hunk.steps);
    for (const [index, step] of hunk.steps.entries()) {
      yield shownLine(step, changed.get(index));
      if (!step.line.raw.endsWith('\n')) yield '\\ No newline at end of file';
    }
  }
}

function bounded(lines: Iterable<string>): Shown {
  let text = '';
  let truncated = false;
  for (const line of lines) {
    const whole = `${line}\n`;
    const cut = whole.length > lineCharsMax ? `${withoutHalf(line.slice(0, lineCharsMax))}…\n` : whole;
    if (text.length + cut.length > diffCharsMax) return { text, redactions: redactionsIn(text), truncated: true };
    text += cut;
    truncated ||= cut !== whole;
  }
  return { text, redactions: redactionsIn(text), truncated };
}

/** A character beyond the first plane is two units, and may have been cut between them. */
function withoutHalf(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

function redactionsIn(text: string): number {
  return text.split(redactedMark).length - 1;
}

interface Step {
  readonly kind: ' ' | '-' | '+';
  readonly line: RedactedLine;
}

function stepsOf(before: readonly RedactedLine[], after: readonly RedactedLine[]): readonly Step[] {
  const numbers = new Map<string, number>();
  const numberOf = ({ raw }: RedactedLine) => {
    const number = numbers.get(raw) ?? numbers.size;
    numbers.set(raw, number);
    return number;
  };
  const old = before.map(numberOf);
  const now = after.map(numberOf);
  const changes = diffArrays(old, now, { maxEditLength: editsMax }) ?? wholesale(old, now);
  const steps: Step[] = [];
  let oldAt = 0;
  let nowAt = 0;
  for (const { value, added, removed } of changes) {
    for (let left = value.length; left > 0; left--) {
      if (removed) steps.push({ kind: '-', line: before[oldAt++]! });
      else {
        steps.push({ kind: added ? '+' : ' ', line: after[nowAt++]! });
        if (!added) oldAt++;
      }
    }
  }
  return steps;
}

/** All between an equal beginning and an equal end. */
function wholesale(old: readonly number[], now: readonly number[]) {
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const part = (value: readonly number[], added: boolean, removed: boolean) => ({ value, added, removed });
  return [
    part(now.slice(0, head), false, false),
    part(old.slice(head, old.length - tail), false, true),
    part(now.slice(head, now.length - tail), true, false),
    part(now.slice(now.length - tail), false, false),
  ];
}

interface Hunk {
  readonly steps: readonly Step[];
  /** Lines of each side before it. */
  readonly old: number;
  readonly now: number;
}

/** Changes with three lines around them; what is nearer together is one. */
function* hunksOf(steps: readonly Step[]): Generator<Hunk> {
  let old = 0;
  let now = 0;
  let at = 0;
  const pass = (to: number) => {
    for (; at < to; at++) {
      if (steps[at]!.kind !== '+') old++;
      if (steps[at]!.kind !== '-') now++;
    }
  };
  for (let next = 0; next < steps.length; next++) {
    if (steps[next]!.kind === ' ') continue;
    pass(Math.max(at, next - contextLines));
    let end = next + 1;
    for (let look = end; look < steps.length && look - end < 2 * contextLines + 1; look++) {
      if (steps[look]!.kind !== ' ') end = look + 1;
    }
    const until = Math.min(steps.length, end + contextLines);
    yield { steps: steps.slice(at, until), old, now };
    pass(until);
    next = until - 1;
  }
}

/** As diff(1) writes it: of no lines, the line before which they would be. */
function rangeOf(side: '-' | '+', { steps, old, now }: Hunk): string {
  const count = steps.filter(({ kind }) => kind === ' ' || kind === side).length;
  const before = side === '-' ? old : now;
  return `${side}${count === 0 ? before : before + 1}${count === 1 ? '' : `,${count}`}`;
}

/** By place in the hunk: the secrets, by index, that are what changed between two lines which are otherwise shown alike. */
function changedSecrets(steps: readonly Step[]): ReadonlyMap<number, ReadonlySet<number>> {
  const keyed = steps.flatMap(({ kind, line }, index) =>
    kind === ' ' || line.secrets.length === 0 ? [] : [{ kind, index, key: JSON.stringify(line.pieces) }],
  );
  const removed = Map.groupBy(
    keyed.filter(({ kind }) => kind === '-'),
    ({ key }) => key,
  );
  const marks = new Map<number, ReadonlySet<number>>();
  for (const { kind, index, key } of keyed) {
    const partner = kind === '+' ? removed.get(key)?.shift()?.index : undefined;
    if (partner === undefined) continue;
    const old = steps[partner]!.line.secrets;
    const changed = new Set(steps[index]!.line.secrets.flatMap((secret, at) => (secret === old[at] ? [] : [at])));
    marks.set(index, changed).set(partner, changed);
  }
  return marks;
}

function shownLine({ kind, line }: Step, changed: ReadonlySet<number> | undefined): string {
  const mark = (at: number) => `${redactedMark}${changed?.has(at) ? (kind === '-' ? ' 1' : ' 2') : ''}»`;
  const [first = '', ...others] = line.pieces;
  return others.reduce((text, piece, at) => `${text}${mark(at)}${piece}`, `${kind}${first}`);
}
