import { isUtf8 } from 'node:buffer';
import { redacted } from '../../secrets/redact.ts';
import { trimmed, trimmedStart, wordsOf } from './lines.ts';

/** `ExecStart=/bin/true` of the section `Service`. An empty value often means: forget what was said before. */
export interface Assignment {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

const lineEnd = /\r\n|\n\r|[\n\r\0]/;
const lineCharsMax = 1_048_576;

/** The assignments of a unit file in order (systemd.syntax(7)). Other lines have no effect in systemd and none here. */
export function parseUnitFile(text: string): readonly Assignment[] {
  const found: Assignment[] = [];
  let section = '';
  for (const line of logicalLines(text)) {
    if (line.startsWith('[')) section = line.endsWith(']') ? line.slice(1, -1) : '';
    const equals = line.indexOf('=');
    if (equals < 1 || section === '' || line.startsWith('[')) continue;
    found.push({ section, key: trimmed(line.slice(0, equals)), value: trimmed(line.slice(equals + 1)) });
  }
  return found;
}

/** Whether systemd refuses the whole file: for a section without an end, a line that is no UTF-8, or one past its limit. */
export function isUnitFileBad(text: string): boolean {
  const isAscii = /^[\0-\x7f]*$/.test(text);
  return logicalLines(text).some(
    (line) =>
      (line.startsWith('[') && !line.endsWith(']')) ||
      line.length > lineCharsMax ||
      (!isAscii && !isUtf8(Buffer.from(line, 'latin1'))),
  );
}

/** A comment or an empty line is seen where it stands: the first may stand inside a continued line, the second ends it. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let continued: string[] = [];
  for (const line of text.replace(/^\xef\xbb\xbf/, '').split(lineEnd)) {
    const start = trimmedStart(line);
    if (start.startsWith('#') || start.startsWith(';')) continue;
    if (isContinued(start)) {
      continued.push(`${start.slice(0, -1)} `);
      continue;
    }
    lines.push(trimmed(continued.length > 0 ? continued.join('') + start : start));
    continued = [];
  }
  if (continued.length > 0) lines.push(trimmed(continued.join('')));
  return lines;
}

/** A backslash that no other escapes. */
function isContinued(line: string): boolean {
  let backslashes = 0;
  while (line.endsWith('\\') && line[line.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

const timers = 'OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnCalendar';
const listens =
  'ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenSpecial ListenNetlink ListenMessageQueue ListenUSBFunction';
const paths = 'PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty';

/** Of each section: the keys of which an empty value forgets all. `Unit` and `Service` say what is started. */
const triggerKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Timer: [timers.split(' '), ['OnClockChange'], ['OnTimezoneChange'], ['Unit']],
  Socket: [listens.split(' '), ['Service']],
  Path: [paths.split(' '), ['Unit']],
};

const mountKeys = ['What', 'Where', 'Type', 'Options'].map((key) => [key]);
const exec = (keys: string) => keys.split(' ').map((key) => [`Exec${key}`]);
const commandKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Service: exec('Condition StartPre Start StartPost Reload ReloadPost Stop StopPost'),
  Socket: exec('StartPre StartPost StopPre StopPost'),
  Mount: mountKeys,
  Swap: mountKeys,
  Automount: mountKeys,
};

/** The last one is what holds. */
const singleKeys = new Set([
  'Unit',
  'Service',
  'OnClockChange',
  'OnTimezoneChange',
  'What',
  'Where',
  'Type',
  'Options',
]);

/** What starts other units: `OnCalendar=daily`, `ListenStream=22`, `PathExists=/x`. */
export function triggersOf(assignments: readonly Assignment[]): readonly string[] {
  return effective(assignments, triggerKeys);
}

/** What is run or mounted: `ExecStart=/usr/sbin/sshd -D $SSHD_OPTS`. */
export function commandsOf(assignments: readonly Assignment[]): readonly string[] {
  return effective(assignments, commandKeys);
}

function effective(
  assignments: readonly Assignment[],
  known: Readonly<Record<string, readonly (readonly string[])[]>>,
): readonly string[] {
  const said = new Map<readonly string[], { readonly at: number; readonly text: string }[]>();
  for (const [at, { section, key, value }] of assignments.entries()) {
    if (!Object.hasOwn(known, section)) continue;
    const group = known[section]!.find((keys) => keys.includes(key));
    if (group === undefined) continue;
    if (value === '' || singleKeys.has(key)) said.delete(group);
    if (value === '') continue;
    const list = said.get(group) ?? [];
    list.push({ at, text: `${key}=${redacted(value, 'command')}` });
    said.set(group, list);
  }
  return [...said.values()]
    .flat()
    .sort((a, b) => a.at - b.at)
    .map(({ text }) => text);
}

/** What `systemctl enable` would do, from the section `Install`. */
export interface Install {
  readonly aliases: readonly string[];
  readonly wantedBy: readonly string[];
  readonly also: readonly string[];
  readonly defaultInstance: string | undefined;
}

export function installOf(assignments: readonly Assignment[]): Install {
  const said = new Map<string, string[]>();
  for (const { section, key, value } of assignments) {
    if (section !== 'Install') continue;
    // Alone among them `Also` has no way to forget.
    if (value === '' && key !== 'Also') said.delete(key);
    const words = said.get(key) ?? [];
    // A quote without an end voids the line.
    const isQuoted = value.split('"').length % 2 === 1 && value.split("'").length % 2 === 1;
    if (isQuoted) for (const word of wordsOf(value)) words.push(unquoted(word));
    said.set(key, words);
  }
  const words = (key: string) => said.get(key) ?? [];
  return {
    aliases: words('Alias'),
    wantedBy: [...words('WantedBy'), ...words('RequiredBy'), ...words('UpheldBy')],
    also: words('Also'),
    defaultInstance: words('DefaultInstance').at(-1),
  };
}

function unquoted(word: string): string {
  const quote = word[0];
  return word.length > 1 && (quote === '"' || quote === "'") && word.endsWith(quote) ? word.slice(1, -1) : word;
}
