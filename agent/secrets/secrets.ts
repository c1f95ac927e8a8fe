import { commandSecrets } from './command-secrets.ts';
import { keyedSecrets } from './keyed-secrets.ts';
import { pathStart } from './paths.ts';
import { keyHints } from './secret-key.ts';

/** A secret piece of a line: from a character to the one it ends before. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Secrets {
  /** In order, none over another. */
  readonly spans: readonly Span[];
  /** The last of them, or what follows a key without a value, may go on in the lines below. */
  readonly open?: Open | undefined;
}

/** How far down a secret goes on: to the end of a private key, to a closing quote, or while lines are indented deeper. */
export type Open =
  | { readonly until: 'key-end' }
  | { readonly until: 'quote'; readonly quote: string }
  | { readonly until: 'outdent'; readonly column: number };

/**
 * What keys and words mean depends on the text: `accounts` has fields, `switch` has databases that are called passwd, the
 * first word of a `command` is a program, and `sudoers` are commands behind tags that are called NOPASSWD.
 */
export type Dialect = 'plain' | 'words' | 'command' | 'sudoers' | 'switch' | 'accounts';

export function dialectOf(path: string): Dialect {
  if (/^\/etc\/(?:passwd|group)-?$/.test(path)) return 'accounts';
  if (path === '/etc/nsswitch.conf') return 'switch';
  if (/^(?:\/usr)?\/etc\/sudoers(?:$|\.d\/)/.test(path)) return 'sudoers';
  // `password requisite pam_pwquality.so`: a stack, and no password.
  return /^\/(?:usr\/)?(?:etc|lib)\/pam\./.test(path) ? 'words' : 'plain';
}

/**
 * The secret pieces of one line, found by how a key sounds, by the shape of well-known tokens, and by how random a long word
 * looks. Takes time in proportion to the line. It rather hides too much: what nobody can tell from a secret is one.
 */
export function secretsIn(line: string, dialect: Dialect): Secrets {
  if (!hints.test(line)) return { spans: [] };
  const keyed = dialect === 'switch' || dialect === 'accounts' ? { spans: [] } : keyedSecrets(line, dialect);
  const key = privateKey(line);
  const found = [keyed.spans, shapes(line), userinfo(line), commandSecrets(line, dialect), randomWords(line)].flat();
  if (key !== undefined) found.push(key.span);
  if (dialect === 'accounts') found.push(...passwordField(line));
  return { spans: merged(found), open: key?.open ?? keyed.open };
}

/** What no secret below is without. Most lines are, and this is quick to say so. */
const hints = new RegExp(`${keyHints.source}|[-:$@{|?&]|[A-Za-z0-9_.~+/=-]{13}`, 'i');

function merged(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || span.from > last.to) result.push(span);
    else if (span.to > last.to) result[result.length - 1] = { from: last.from, to: span.to };
  }
  return result.filter(({ from, to }) => from < to);
}

/** RFC 7468 and its friends of OpenSSH and OpenPGP. Without an end, all that follows is the key. */
function privateKey(line: string): { readonly span: Span; readonly open?: Open } | undefined {
  const begin = /-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY[A-Z ]{0,16}-----/.exec(line);
  if (begin === null) return undefined;
  const from = begin.index + begin[0].length;
  const end = line.indexOf('-----END', from);
  return end === -1 ? { span: { from, to: line.length }, open: { until: 'key-end' } } : { span: { from, to: end } };
}

/** Tokens that say what they are, and hashes of passwords: crypt(5), LDAP's RFC 2307. */
const shape = new RegExp(
  [
    String.raw`(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AROA|AIDA|AIza|gh[pousr]_|github_pat_|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-|xox[a-z]-|xapp-|[srp]k_(?:live|test)_|sk-(?=[A-Za-z0-9_-]{20})|whsec_|npm_|pypi-|dop_v1_|hv[sbr]\.|SG\.|ya29\.|eyJ|AGE-SECRET-KEY-)[A-Za-z0-9_.~+/=-]{10,}`,
    String.raw`\$(?:1|2[abxy]?|3|5|6|7|y|gy|sm3|md5|sha1|scrypt|argon2(?:id|i|d)|pbkdf2[a-z0-9-]{0,12})[$,][A-Za-z0-9./+=,$*_-]+`,
    // Signatures and keys in the query of a URL.
    String.raw`(?<=[?&](?:sig|signature|key|X-Amz-Signature)=)[^\s&"'\x60<>]+`,
    String.raw`(?<=\bBearer[ \t]{1,8})(?=[a-z]*[A-Z0-9._~+/-])[A-Za-z0-9._~+/-]{8,}={0,2}`,
    String.raw`\{(?:S?SHA|SSHA?[0-9]{3}|S?MD5|CRYPT|PBKDF2[A-Z0-9-]{0,12}|ARGON2)\}[A-Za-z0-9./+=,$*_-]+`,
  ].join('|'),
  'g',
);

function shapes(line: string): readonly Span[] {
  return [...line.matchAll(shape)].map(({ index, 0: { length } }) => ({ from: index, to: index + length }));
}

/**
 * What stands before the `@` of a URL (RFC 3986 §3.2.1), also where it holds characters that should have been escaped; and
 * of dracut's `netroot=iscsi:user:password@host`.
 */
function userinfo(line: string): readonly Span[] {
  const spans: Span[] = [];
  const start = /:\/\/|\biscsi:(?!\/\/)/g;
  const end = /[ \t-\r"'`<>]|$/g;
  for (let match = start.exec(line); match !== null; match = start.exec(line)) {
    const from = match.index + match[0].length;
    end.lastIndex = from;
    const to = end.exec(line)!.index;
    const word = line.slice(from, to);
    const authority = /^[^/?#]*/.exec(word)![0];
    const at2 = (authority.includes(':') ? word : authority).lastIndexOf('@');
    const isNameOnly =
      !word.slice(0, at2).includes(':') && /(?:ssh|sftp|rsync)$/.test(line.slice(Math.max(0, from - 8), from - 3));
    if (at2 > 0 && !isNameOnly) spans.push({ from, to: from + at2 });
    start.lastIndex = to;
  }
  return spans;
}

const longWord = /[A-Za-z0-9+/_-]{20,}={0,2}/g;
const uuid = /\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b/g;
/** Public keys of SSH (RFC 4253 §6.6). */
const publicKey = /^AAAA(?:[BC]3NzaC1|E2VjZHNh|[GI]nNr)/;
/** What stands before a digest that says what it is, and before the root of a dm-verity tree. */
const digestNames = /(?:sha(?:1|224|256|384|512):|(?:root|usr)hash=)$/i;
const digestNameChars = 9;

function randomWords(line: string): readonly Span[] {
  const isPublic = publicBlocks(line);
  return [...line.matchAll(longWord)]
    .filter(
      ({ index, 0: word }) =>
        !pathStart.test(word) &&
        !publicKey.test(word) &&
        !isPublic(index) &&
        !digestNames.test(line.slice(Math.max(0, index - digestNameChars), index)) &&
        looksRandom(word.replace(uuid, '')),
    )
    .map(({ index, 0: { length } }) => ({ from: index, to: index + length }));
}

const publicBlock = /-----BEGIN (?:PGP )?(?:PUBLIC KEY(?: BLOCK)?|CERTIFICATE)-----/g;
const publicBlocksMax = 16;

/** A public key in one line, as the `Signed-By` of apt has it: whom to trust is what matters there. */
function publicBlocks(line: string): (place: number) => boolean {
  const blocks = [...line.matchAll(publicBlock)].slice(0, publicBlocksMax).map(({ index }) => ({
    from: index,
    to: line.indexOf('-----END', index),
  }));
  return (place) => blocks.some(({ from, to }) => from < place && place < to);
}

const coreCharsMin = 16;
const turnsMin = 3;

/** Letters and digits change about often in what a machine drew, and seldom in what a person named. */
function looksRandom(word: string): boolean {
  return word.split(/[^A-Za-z0-9]+/).some((core) => {
    if (core.length < coreCharsMin || !/[0-9]/.test(core)) return false;
    const turns = core.match(/[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])/g) ?? [];
    return turns.length >= turnsMin;
  });
}

/** Of passwd(5) and group(5), the second field, unless it says that there is no password here. */
function passwordField(line: string): readonly Span[] {
  const from = line.indexOf(':') + 1;
  const end = line.indexOf(':', from);
  const to = end === -1 ? line.length : end;
  return from === 0 || /^[x*!]{0,3}$/.test(line.slice(from, to)) ? [] : [{ from, to }];
}
