import { hash } from 'node:crypto';
import type { RawName } from '../../../shared/name.ts';
import { redacted } from '../../secrets/redact.ts';
import { lowerAscii, trimmed, wordsOf } from './lines.ts';

export type KeyLine =
  | {
      /** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
      readonly fingerprint: string;
      readonly keyType: RawName;
      /** With their names in lower case, otherwise as they stand. Empty: none. */
      readonly options: RawName;
    }
  | { readonly notUnderstood: RawName };

/**
 * The lines of an authorized_keys file as sshd(8) reads them. A key of a type that nobody knows yet is a key; whatever
 * holds none is kept with its blanks made one.
 */
export function parseAuthorizedKeys(text: string): readonly KeyLine[] {
  return text
    .split('\n')
    .map(trimmed)
    .filter((line) => line !== '' && line[0] !== '#')
    .map((line) => keyLineOf(line) ?? { notUnderstood: redacted(wordsOf(line).join(' '), 'plain') });
}

/** sshd first tries the line as a key and then as options and a key; what follows a NUL it does not see. */
function keyLineOf(whole: string): KeyLine | undefined {
  const line = untilNul(whole);
  const plain = parseKey(line);
  if (plain !== undefined) return { ...plain, options: '' };
  const end = optionsEnd(line);
  const key = end === undefined ? undefined : parseKey(trimmed(line.slice(end)));
  if (key === undefined) return undefined;
  return { ...key, options: redacted(splitOptions(line.slice(0, end)).map(lowerName).join(','), 'command') };
}

function untilNul(line: string): string {
  const nul = line.indexOf('\0');
  return nul === -1 ? line : line.slice(0, nul);
}

function parseKey(text: string): { readonly fingerprint: string; readonly keyType: RawName } | undefined {
  const blank = text.search(/[ \t]/);
  const keyType = text.slice(0, blank);
  if (blank < 1 || keyType.length > keyTypeBytesMax) return undefined;
  const rest = trimmed(text.slice(blank));
  const end = rest.search(/[ \t]/);
  const encoded = end === -1 ? rest : rest.slice(0, end);
  const blob = Buffer.from(encoded, 'base64');
  // RFC 4253 §6.6: a key begins with its type, as a length and the bytes.
  const isKey = blob.length > 4 + keyType.length && blob.readUInt32BE(0) === keyType.length;
  if (!isKey || blob.toString('latin1', 4, 4 + keyType.length) !== keyType) return undefined;
  return { fingerprint: `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`, keyType };
}

const keyTypeBytesMax = 64;

/** Options end at the first blank outside quotes; within and without, `\"` is no quote. Undefined: a quote stays open. */
function optionsEnd(line: string): number | undefined {
  let isQuoted = false;
  let at = 0;
  for (; at < line.length && (isQuoted || (line[at] !== ' ' && line[at] !== '\t')); at++) {
    if (line[at] === '\\' && line[at + 1] === '"') at += 1;
    else if (line[at] === '"') isQuoted = !isQuoted;
  }
  return isQuoted ? undefined : at;
}

export function splitOptions(text: string): readonly RawName[] {
  const options: RawName[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && text[at + 1] === '"') at += 1;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === ',' && !isQuoted) {
      options.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...options, text.slice(start)].filter((option) => option !== '');
}

/** Names of options are case-insensitive, their values are not. */
function lowerName(option: RawName): RawName {
  const equals = option.indexOf('=');
  const name = equals === -1 ? option : option.slice(0, equals);
  return lowerAscii(name) + option.slice(name.length);
}
