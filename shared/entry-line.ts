import { canonicalJson } from './canonical-json.ts';
import { type Entry, type FileEntry, type FileType, fileTypes } from './entry.ts';
import { CodedError } from './errors.ts';
import { isFactEntry } from './fact.ts';
import { compareNames, rawNameBytesMax, rawOf } from './name.ts';

/**
 * One line of a manifest, without its newline: the RFC 8785 form of the entry. Written by hand because half a million of
 * them pass through a scan; the members stand in the order that RFC 8785 asks for.
 */
export function writeEntryLine(entry: Entry): string {
  return entry.subject === 'file' ? writeFileLine(entry) : canonicalJson({ ...entry });
}

export function writeFileLine(entry: FileEntry): string {
  let line = '{';
  if (entry.acl !== undefined) line += `"acl":${JSON.stringify(entry.acl)},`;
  if (entry.capabilities !== undefined) line += `"capabilities":${JSON.stringify(entry.capabilities)},`;
  if (entry.content !== undefined) line += `"content":"${entry.content}",`;
  if (entry.flags !== undefined) line += `"flags":"${entry.flags}",`;
  line += `"gid":${entry.gid}`;
  if (entry.mode !== undefined) line += `,"mode":"${entry.mode}"`;
  line += `,"name":${JSON.stringify(entry.name)}`;
  if (entry.rdev !== undefined) line += `,"rdev":"${entry.rdev}"`;
  if (entry.selinux !== undefined) line += `,"selinux":${JSON.stringify(entry.selinux)}`;
  if (entry.size !== undefined) line += `,"size":"${entry.size}"`;
  line += ',"subject":"file"';
  if (entry.target !== undefined) line += `,"target":${JSON.stringify(entry.target)}`;
  line += `,"type":"${entry.type}","uid":${entry.uid}`;
  if (entry.xattrs !== undefined) line += `,"xattrs":${canonicalJson(entry.xattrs)}`;
  return `${line}}`;
}

/**
 * The entry of a line, strictly: the members its type has and no others, each in its one spelling, the line itself in its
 * one form. What this accepts, `writeEntryLine` writes back byte for byte. Errors: ENTRIES.
 */
export function parseEntryLine(line: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new CodedError('ENTRIES', 'expected a JSON object on each line of the entries', cause);
  }
  if (!isEntry(value) || writeEntryLine(value) !== line) {
    throw new CodedError('ENTRIES', `not an entry in canonical form: ${line.slice(0, 200)}`);
  }
  return value;
}

/** The order of a manifest: subject, then bytes of the name. */
export function compareEntries(a: Entry, b: Entry): number {
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1;
  return compareNames(a.name, b.name);
}

/** Extra members need no check of their own: the line would not be written back the same. */
function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return entry['subject'] === 'file' ? isFileEntry(entry) : isFactEntry(entry);
}

const members: Readonly<Record<FileType, readonly string[]>> = {
  file: ['content', 'mode', 'size'],
  dir: ['mode'],
  symlink: ['target'],
  fifo: ['mode'],
  socket: ['mode'],
  char: ['mode', 'rdev'],
  block: ['mode', 'rdev'],
};
const optional = ['content', 'mode', 'rdev', 'size', 'target'] as const;
/** Any type of file may have these. */
const anywhere = {
  acl: (value: unknown) => isShortText(value),
  capabilities: (value: unknown) => isShortText(value),
  flags: (value: unknown) => value === 'append' || value === 'append,immutable' || value === 'immutable',
  selinux: (value: unknown) => isShortText(value),
  xattrs: (value: unknown) => isXattrs(value),
} as const;

const forms: Readonly<Record<(typeof optional)[number], (text: string) => boolean>> = {
  content: (text) => /^sha256:[0-9a-f]{64}$/.test(text),
  mode: (text) => /^[0-7]{4}$/.test(text),
  rdev: (text) => /^(0|[1-9]\d{0,9}):(0|[1-9]\d{0,9})$/.test(text),
  size: (text) => /^(0|[1-9]\d{0,18})$/.test(text),
  target: (text) => text !== '' && text.length <= nameLengthMax && isBytesOfPath(text),
};

function isFileEntry(entry: Record<string, unknown>): boolean {
  const type = entry['type'];
  if (!fileTypes.includes(type as FileType)) return false;
  if (!isId(entry['uid']) || !isId(entry['gid']) || !isPath(entry['name'])) return false;
  for (const [member, isForm] of Object.entries(anywhere)) {
    if (entry[member] !== undefined && !isForm(entry[member])) return false;
  }
  return optional.every((member) => {
    const text = entry[member];
    if (!members[type as FileType].includes(member)) return text === undefined;
    return typeof text === 'string' && forms[member](text);
  });
}

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 8_192 && rawOf(value) !== undefined;
}

function isXattrs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const pairs = Object.entries(value);
  return pairs.length > 0 && pairs.every(([name, text]) => isShortText(name) && (text === '' || isShortText(text)));
}

/** Each byte may be written with four characters. */
const nameLengthMax = 4 * rawNameBytesMax;

/** Absolute, in the one spelling, with no empty, `.` or `..` segment: a signed name never leads out of the root. */
function isPath(name: unknown): boolean {
  if (typeof name !== 'string' || name[0] !== '/' || name.length > nameLengthMax) return false;
  if (name === '/') return true;
  return !/\/(\.{0,2})(\/|$)/.test(name) && isBytesOfPath(name);
}

function isBytesOfPath(text: string): boolean {
  return rawOf(text)?.includes('\0') === false;
}

function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}
