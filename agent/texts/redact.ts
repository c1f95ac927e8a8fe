import { redactedMark } from '../../shared/diff-text.ts';
import { type Dialect, type Open, secretsIn } from './secrets.ts';

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
export function redactLines(text: string, dialect: Dialect): readonly RedactedLine[] {
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
function shown(piece: string): string {
  return piece.replaceAll(redactedMark, `\\u{ab}${redactedMark.slice(1)}`);
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
