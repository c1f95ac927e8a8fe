import { soundsSecret } from './secret-key.ts';
import type { Open, Secrets, Span } from './secrets.ts';

/**
 * The values of keys that sound like secrets: `key=value`, `key: value`, `"key": "value"`, `export K=V`, `--key value`,
 * `<key>value</key>`, and, where `spaced`, `key value` with nothing but blanks between.
 */
export function keyedSecrets(line: string, spaced: boolean): Secrets {
  const spans: Span[] = [];
  let open: Open | undefined;
  const start = startOf(line);
  const quotes = openQuotes(line);
  const keys = /[A-Za-z][A-Za-z0-9_.-]*/g;
  for (let match = keys.exec(line); match !== null; match = keys.exec(line)) {
    const key: Key = { name: match[0], from: match.index, to: match.index + match[0].length };
    if (!soundsSecret(key.name)) continue;
    const place = valueAfter(line, key, spaced, start);
    if (place === undefined) continue;
    const value = valueAt(line, place, quotes(place.at), start);
    const isEmpty = value.from === value.to;
    if (!isEmpty && value.open?.until !== 'quote' && isHarmless(line, value)) continue;
    if (!isEmpty) spans.push({ from: value.from, to: value.to });
    open = value.open;
    keys.lastIndex = Math.max(keys.lastIndex, value.to);
  }
  return { spans, open };
}

interface Key {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

interface Start {
  /** Where the first key of the line begins, after indentation, comment marks and `export`. */
  readonly key: number;
  /** The column that what belongs to this line is deeper than. */
  readonly column: number;
  readonly isComment: boolean;
}

function startOf(line: string): Start {
  const [lead] = /^[\s#;]*(?:-\s+){0,8}/.exec(line)!;
  const isComment = /[#;]/.test(lead);
  const [word] = /^(?:(?:export|set|setenv|declare|readonly|local)\s+(?:-\S{1,8}\s+)?)?["']?/.exec(
    line.slice(lead.length),
  )!;
  return { key: lead.length + word.length, column: lead.length, isComment };
}

/** Where a value begins, and how far it may go. */
interface Place {
  readonly at: number;
  /** `word`: to the next blank. `line`: to the end of the line. `element`: to the next tag. */
  readonly reach: 'word' | 'line' | 'element';
}

const tagCharsMax = 1_024;

const assignment = /:=(?=[\s"'])|=>(?=[\s"'])|[+?]?=|:/y;
/** With blanks before it. A colon is one only with blanks behind it too, or else a secret that begins with it would show it. */
const looseAssignment = /\s*(?::=(?=[\s"'])|=>(?=[\s"'])|[+?]?=)|:|\s+:(?=[\s"'])/y;

function valueAfter(line: string, key: Key, spaced: boolean, start: Start): Place | undefined {
  if (/[<:]/.test(line[key.from - 1] ?? '')) {
    const end = line.slice(key.to, key.to + tagCharsMax).search(/[<>]/);
    const isTag = end !== -1 && line[key.to + end] === '>' && isOpened(line, key.from - 1);
    if (isTag) return { at: key.to + end + 1, reach: 'element' };
  }
  const isFirst = key.from === start.key;
  const isOption = line[key.from - 1] === '-';
  const close = skip(line, key.to, /["'`\])}\\]*/y);
  const sign = skip(line, close, isOption ? assignment : looseAssignment);
  if (sign > close) {
    const at = skip(line, sign, /\s*/y);
    return { at, reach: isFirst || at > sign ? 'line' : 'word' };
  }
  const pair = skip(line, key.to, /["'`\s,]*["'`]?(?:value|content)["'`]?\s*[=:]\s*/y);
  if (pair > key.to) return { at: pair, reach: 'word' };
  const at = skip(line, key.to, /\s+/y);
  if (!spaced || at === key.to || at === line.length || !soundsSecret(key.name, true)) return undefined;
  if (isOption) return { at, reach: 'word' };
  if (start.isComment) return isFirst && !/\s\S/.test(line.slice(at)) ? { at, reach: 'line' } : undefined;
  return isFirst || /["']/.test(line[at]!) ? { at, reach: 'line' } : undefined;
}

/** `<key` or `<ns:key`: the beginning of a tag. */
function isOpened(line: string, at: number): boolean {
  return line[at] === '<' || /<[A-Za-z0-9_.-]{1,64}$/.test(line.slice(Math.max(0, at - 65), at));
}

function skip(line: string, from: number, blanks: RegExp): number {
  blanks.lastIndex = from;
  const match = blanks.exec(line);
  return match === null ? from : from + match[0].length;
}

interface Value extends Span {
  readonly open?: Open | undefined;
}

/** `outer` is the quote in which the value stands with its key: `"KEY=some value"`. */
function valueAt(line: string, { at, reach }: Place, outer: string | undefined, { column }: Start): Value {
  const isEscaped = line.endsWith('\\');
  const open: Open = { until: 'outdent', column };
  if (at >= line.length) return { from: at, to: at, open };
  if (reach === 'element') {
    const to = line.indexOf('<', at);
    return to === -1 ? { from: at, to: line.length, open } : { from: at, to };
  }
  const quote = skip(line, at, /\\*(?=["'`])/y);
  if (/["'`]/.test(line[quote]!)) return quotedAt(line, quote);
  if (outer !== undefined) {
    const to = line.indexOf(outer, at);
    return { from: at, to: to === -1 ? line.length : to };
  }
  if (reach === 'line') return { from: at, to: line.length, open };
  const to = skip(line, at, /(?:\\.|[^\s\\])*\\?/y);
  return { from: at, to, ...(isEscaped && to === line.length && { open: { ...open, column: Infinity } }) };
}

/** Also what is glued to it, as a shell allows: `"one"'two'three`. */
function quotedAt(line: string, at: number): Value {
  const quote = line[at]!;
  const end = skip(line, at + 1, quote === '"' ? /(?:\\.|[^"\\])*/y : quote === "'" ? /[^']*/y : /[^`]*/y);
  if (end >= line.length) return { from: at + 1, to: line.length, open: { until: 'quote', quote } };
  const glued = skip(line, end + 1, /(?!\/>)[^\s,;)\]}<>]*/y);
  return { from: at + 1, to: glued === end + 1 ? end : glued };
}

const harmless =
  /(?:yes|no|true|false|on|off|none|null|nil|undefined|[01x*!]|\{\}|\[\])?["']?[,;]?(?:\s*$|\s+[#;]|(?=["'<>)\]}]))/iy;

/** No secret looks like this, and to see it matters. */
function isHarmless(line: string, { from, to }: Span): boolean {
  harmless.lastIndex = from;
  const match = harmless.exec(line);
  return match !== null && (from + match[0].length >= to || /[#;]$/.test(match[0]));
}

/** The quote that is open at a place: asked from the left to the right. */
function openQuotes(line: string): (place: number) => string | undefined {
  let at = 0;
  let quote: string | undefined;
  return (place) => {
    for (; at < place; at++) {
      const char = line[at]!;
      if (char === '\\') at++;
      else if (char === quote) quote = undefined;
      else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    }
    return quote;
  };
}
