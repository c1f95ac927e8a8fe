import { redactedMark } from '../../shared/diff-text.ts';
import type { RawName } from '../../shared/name.ts';
import { type Dialect, type Open, secretsIn } from './secrets.ts';

const rawMark = Buffer.from(redactedMark).toString('latin1');
const rawRedaction = Buffer.from(`${redactedMark}»`).toString('latin1');

/**
 * Text of a fact with `«redacted»` for each secret in it. All of its bytes, before it is bounded: a digest of what is cut
 * off would tell a guess of the secret that it is right. Takes time in proportion to the text.
 */
export function redacted(text: RawName, dialect: Dialect): RawName {
  return redactLines(text, dialect, rawMark)
    .map(({ raw, pieces, secrets }) => {
      const shown = pieces.map((piece, at) => (at === 0 ? piece : redaction(secrets[at - 1]!, dialect) + piece));
      return shown.join('') + (raw.endsWith('\n') ? '\n' : '');
    })
    .join('');
}

/** What ends a command or a rule stays, or else `--password=x;evil` would read as `--password=x` does. */
const commandEndings = /[;|&`<>,\n]+|\$\(/g;
/** In sudoers(5) a wildcard lets any arguments be given. */
const ruleEndings = /[;|&`<>,\n*?[\]]+|\$\(/g;

function redaction(secret: RawName, dialect: Dialect): RawName {
  const endings = dialect === 'sudoers' ? ruleEndings : commandEndings;
  const kept = secret.match(endings) ?? [];
  const isHidden = secret.split(endings).map((part) => part !== '');
  return isHidden.map((is, at) => (is ? rawRedaction : '') + (kept[at] ?? '')).join('');
}

/** The same of words that stand behind each other. A secret of several words is one afterwards. */
export function redactedWords(words: readonly RawName[], dialect: Dialect): readonly RawName[] {
  return words.length === 0 ? words : redacted(words.join(' '), dialect).split(' ');
}

/** The value of a key, by how the key sounds too. Of a key that looks like a secret itself nothing is shown. */
export function redactedValue(key: RawName, value: RawName, dialect: Dialect): RawName {
  const whole = redacted(`${key}=${value}`, dialect);
  return whole.startsWith(`${key}=`) ? whole.slice(key.length + 1) : rawRedaction;
}

/** One line as it may be shown, or several of which the rest is one secret. */
export interface RedactedLine {
  /** Its bytes, to tell whether two are equal. Never shown. */
  readonly raw: string;
  /** What is shown, with a secret between each two. */
  readonly pieces: readonly string[];
  /** One fewer than pieces. Never shown. */
  readonly secrets: readonly string[];
}

/** The lines of a text, each with its newline in `raw`. A private key or a value of many lines is one line. */
export function redactLines(text: string, dialect: Dialect, mark: string = redactedMark): readonly RedactedLine[] {
  const shown = (piece: string) => withoutMark(piece, mark);
  const lines = text.split('\n');
  const last = lines.length - 1;
  const result: RedactedLine[] = [];
  for (let at = 0; at <= last; ) {
    const line = lines[at]!;
    if (at === last && line === '') break;
    const { spans, open } = secretsIn(line, dialect);
    const end = open === undefined ? at + 1 : endOf(lines, at, open);
    const rest = lines.slice(at + 1, end).join('\n');
    const pieces: string[] = [];
    const secrets: string[] = [];
    let from = 0;
    for (const span of spans) {
      pieces.push(shown(line.slice(from, span.from)));
      secrets.push(line.slice(span.from, span.to));
      from = span.to;
    }
    if (end > at + 1 && from === line.length && secrets.length > 0) secrets.push(`${secrets.pop()}\n${rest}`);
    else if (end > at + 1) {
      pieces.push(shown(line.slice(from)));
      secrets.push(rest);
      from = line.length;
    }
    pieces.push(shown(line.slice(from)));
    result.push({ raw: lines.slice(at, end).join('\n') + (end <= last ? '\n' : ''), pieces, secrets });
    at = end;
  }
  return result;
}

/** So that no file can show a redaction that is none. */
function withoutMark(piece: string, mark: string): string {
  return piece.replaceAll(mark, `\\u{ab}${redactedMark.slice(1)}`);
}

/** The line after the last one that belongs to a secret which is open at the end of `lines[at]`. */
function endOf(lines: readonly string[], at: number, open: Open): number {
  switch (open.until) {
    case 'key-end':
      return afterLine(lines, at, (line) => line.includes('-----END'));
    case 'quote':
      return afterLine(lines, at, (line) => line.includes(open.quote));
    case 'outdent':
      return outdentAfter(lines, at, open.column);
    default:
      return open satisfies never;
  }
}

function afterLine(lines: readonly string[], at: number, isLast: (line: string) => boolean): number {
  let end = at + 1;
  while (end < lines.length && !isLast(lines[end]!)) end++;
  return Math.min(end + 1, lines.length);
}

function outdentAfter(lines: readonly string[], at: number, column: number): number {
  let end = at + 1;
  for (let next = end; next < lines.length; next++) {
    const line = lines[next]!;
    const isContinued = next === end && lines[next - 1]!.endsWith('\\');
    if (!isContinued && line.trim() === '') continue;
    if (!isContinued && indentOf(line) <= column) break;
    end = next + 1;
  }
  return end;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
