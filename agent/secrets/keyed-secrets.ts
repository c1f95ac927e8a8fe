import { pathStart } from './paths.ts';
import { soundsSecret } from './secret-key.ts';
import type { Dialect, Open, Secrets, Span } from './secrets.ts';

/**
 * The values of keys that sound like secrets: `key=value`, `key: value`, `"key": "value"`, `export K=V`, `--key value`,
 * `<key>value</key>`, and, in plain text, `key value` with nothing but blanks between. Each look ahead is remembered, so
 * that it takes time in proportion to the line.
 */
export function keyedSecrets(line: string, dialect: Dialect): Secrets {
  const spans: Span[] = [];
  let open: Open | undefined;
  const start = startOf(line);
  const quotes = openQuotes(line);
  const next = openNext(line);
  const keys = /[A-Za-z][A-Za-z0-9_.-]*/g;
  for (let match = keys.exec(line); match !== null; match = keys.exec(line)) {
    const key: Key = { name: match[0], from: match.index, to: match.index + match[0].length };
    if (!soundsSecret(key.name) || (dialect === 'sudoers' && isSudoersName(line, key))) continue;
    const place = valueAfter(line, key, dialect, start);
    if (place === undefined) continue;
    const value = valueAt(line, place, ownQuote(line, key, place) ?? quotes(place.at), start, next);
    const isEmpty = value.from === value.to;
    const isShown = isHarmless(line, value) || (dialect !== 'plain' && dialect !== 'words' && isComputed(line, value));
    if (!isEmpty && value.open?.until !== 'quote' && isShown) continue;
    if (!isEmpty) spans.push({ from: value.from, to: value.to });
    open = value.open;
    keys.lastIndex = Math.max(keys.lastIndex, value.to);
  }
  return { spans, open };
}

/** Tags as NOPASSWD, and aliases, are called so; and a colon behind a blank begins another rule. */
function isSudoersName(line: string, { name, from, to }: Key): boolean {
  const behind = line.slice(to, to + 2);
  if (behind === ' :') return true;
  if (!/^[A-Z][A-Z0-9_]*$/.test(name) || /["']/.test(line[from - 1] ?? '')) return false;
  return /^(?::| =|=[ (/!])/.test(behind) || /^[A-Z][a-z]{1,5}_Alias /.test(line);
}

/** `"Authorization: x"` ends at its own quote, within another one too. */
function ownQuote(line: string, key: Key, { at }: Place): string | undefined {
  const quote = line[key.from - 1];
  return (quote === '"' || quote === "'") && !line.slice(key.to, at).includes(quote) ? quote : undefined;
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
  const [lead] = /^[ \t-\r#;]*(?:-[ \t-\r]+){0,8}/.exec(line)!;
  const isComment = /[#;]/.test(lead);
  const [word] = /^(?:(?:export|set|setenv|declare|readonly|local)[ \t-\r]+(?:-[^ \t-\r]{1,8}[ \t-\r]+)?)?["']?/.exec(
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

const assignment = /:=(?=[ \t-\r"'])|=>(?=[ \t-\r"'])|[+?]?=|:/y;
/** With blanks before it. A colon is one only with blanks behind it too, or else a secret that begins with it would show it. */
const looseAssignment = /[ \t-\r]*(?::=(?=[ \t-\r"'])|=>(?=[ \t-\r"'])|[+?]?=)|:|[ \t-\r]+:(?=[ \t-\r"'])/y;

function valueAfter(line: string, key: Key, dialect: Dialect, start: Start): Place | undefined {
  if (/[<:]/.test(line[key.from - 1] ?? '')) {
    const end = line.slice(key.to, key.to + tagCharsMax).search(/[<>]/);
    const isTag = end !== -1 && line[key.to + end] === '>' && isOpened(line, key.from - 1);
    if (isTag) return { at: key.to + end + 1, reach: 'element' };
  }
  const isPlain = dialect === 'plain';
  const isFirst = key.from === start.key;
  const isOption = line[key.from - 1] === '-';
  const close = skip(line, key.to, /["'`\])}\\]*/y);
  const sign = skip(line, close, isOption || dialect === 'sudoers' ? assignment : looseAssignment);
  if (sign > close) {
    const at = skip(line, sign, /[ \t-\r]*/y);
    // What follows `KEY=value` is the program that is given it.
    if (dialect === 'sudoers') return { at, reach: 'word' };
    return { at, reach: (isFirst && (isPlain || sign > close + 1)) || at > sign ? 'line' : 'word' };
  }
  const pair = skip(line, key.to, /["'` \t-\r,]*["'`]?(?:value|content)["'`]?[ \t-\r]*[=:][ \t-\r]*/y);
  if (pair > key.to) return { at: pair, reach: 'word' };
  const at = skip(line, key.to, /[ \t-\r]+/y);
  if (at === key.to || at === line.length || !soundsSecret(key.name, true)) return undefined;
  // `-auth optional pam_x.so` of PAM is a rule that may be missing.
  if (dialect === 'words' && (!isOption || /^[ \t-\r]*-$/.test(line.slice(0, key.from)))) return undefined;
  if (isOption) {
    // What looks like the next option is one.
    const isFlag =
      skip(line, at, /--[a-z][a-z0-9_-]{2,}(?=[ \t-\r=]|$)/y) > at || /^(?:no|ask|prompt|skip|without)-/.test(key.name);
    return isFlag ? undefined : { at, reach: 'word' };
  }
  if (start.isComment) return isFirst && !/[ \t-\r][^ \t-\r]/.test(line.slice(at)) ? { at, reach: 'line' } : undefined;
  const isSaid = isPlain
    ? isFirst || /["']/.test(line[at]!)
    : !isFirst && /[ \t-\r"']/.test(line[key.from - 1]!) && /["']/.test(line[at]!);
  return isSaid ? { at, reach: 'line' } : undefined;
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
function valueAt(line: string, { at, reach }: Place, outer: string | undefined, { column }: Start, next: Next): Value {
  const isEscaped = line.endsWith('\\');
  const open: Open = { until: 'outdent', column };
  if (at >= line.length) return { from: at, to: at, open };
  if (reach === 'element') {
    const to = next('<', at);
    return to === line.length ? { from: at, to, open } : { from: at, to };
  }
  const quote = skip(line, at, /\\*(?=["'`])/y);
  if (/["'`]/.test(line[quote]!)) return quotedAt(line, quote, outer);
  if (outer !== undefined) return { from: at, to: next(outer, at) };
  if (reach === 'line') return { from: at, to: line.length, open };
  const to = skip(line, at, /(?:\\.|[^ \t-\r\\])*\\?/sy);
  return { from: at, to, ...(isEscaped && to === line.length && { open: { ...open, column: Infinity } }) };
}

/** Also what is glued to it, as a shell allows: `"one"'two'three`. */
function quotedAt(line: string, at: number, outer: string | undefined): Value {
  const quote = line[at]!;
  const end = skip(line, at + 1, quote === '"' ? /(?:\\.|[^"\\])*/sy : quote === "'" ? /[^']*/y : /[^`]*/y);
  if (end >= line.length) return { from: at + 1, to: line.length, open: { until: 'quote', quote } };
  if (outer !== undefined && outer !== quote && line[end + 1] === outer) return { from: at + 1, to: end };
  const glued = skip(line, end + 1, /(?!\/>)[^ \t-\r,;)\]}<>]*/y);
  return { from: at + 1, to: glued === end + 1 ? end : glued };
}

const harmless =
  /(?:yes|no|true|false|on|off|none|null|nil|undefined|[01x*!]|\{\}|\[\])?["']?[,;]?(?:[ \t-\r]*$|[ \t-\r]+[#;]|(?=["'<>)\]}]))/iy;

const harmlessWord = /(?:yes|no|true|false|on|off|none|null|nil|undefined|[01x*!])/iy;

/** No secret looks like this, and to see it matters. */
function isHarmless(line: string, { from, to }: Span): boolean {
  harmlessWord.lastIndex = from;
  if (from + (harmlessWord.exec(line)?.[0].length ?? Number.NaN) === to) return true;
  harmless.lastIndex = from;
  const match = harmless.exec(line);
  return match !== null && (from + match[0].length >= to || /[#;]$/.test(match[0]));
}

/** `${PASSWORD}`, `$(cat file)` and `/etc/file` say where a secret is. */
function isComputed(line: string, { from, to }: Span): boolean {
  if (pathStart.test(line.slice(from, to))) return true;
  if (line[from - 1] === "'") return false;
  return /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Z_][A-Z0-9_]+)$|^(?:\$\(|`)/.test(line.slice(from, to));
}

/** Where a character comes next, or the end of the line: asked from the left to the right. */
type Next = (char: string, from: number) => number;

function openNext(line: string): Next {
  const known = new Map<string, Span>();
  return (char, from) => {
    const before = known.get(char);
    if (before !== undefined && before.from <= from && from <= before.to) return before.to;
    const found = line.indexOf(char, from);
    const to = found === -1 ? line.length : found;
    known.set(char, { from, to });
    return to;
  };
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
