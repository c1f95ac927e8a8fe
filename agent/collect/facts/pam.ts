import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { redacted } from '../../secrets/redact.ts';
import type { Collector, Reader } from './collector.ts';
import { lowerAscii, trimmed, wordsOf } from './lines.ts';
import { namesIn, regularFile, regularText } from './regular-file.ts';

/** A service is read from the first of these that has it: the administrator's, then the vendors'. */
const directories = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/etc/pam.d'];
const sharedFile = '/etc/pam.conf';

/** pam.conf(5): what is asked of whoever comes in, by service. The order of rules is what they mean. */
export const pam: Collector<'pam'> = {
  subject: 'pam',
  reads: [...directories.map((directory) => `${directory}/*`), sharedFile],
  collect: (reader) => [...serviceFiles(reader), ...servicesOfSharedFile(reader)],
};

function serviceFiles(reader: Reader): readonly FactOf<'pam'>[] {
  const found = new Map<RawName, FactOf<'pam'>>();
  for (const directory of directories) {
    for (const name of namesIn(reader, directory)) {
      const file = `${directory}/${name}`;
      if (found.has(name) || regularFile(reader, file) === undefined) continue;
      found.set(name, { subject: 'pam', name, rules: parsePam(regularText(reader, file) ?? ''), files: [file] });
    }
  }
  return [...found.values()];
}

/** Some builds of PAM read it beside the directories and others instead: so it is always said. */
function servicesOfSharedFile(reader: Reader): readonly FactOf<'pam'>[] {
  const services = new Map<RawName, RawName[]>();
  for (const line of pamLines(regularText(reader, sharedFile) ?? '')) {
    const [service, rule] = splitService(line);
    const rules = services.get(service);
    if (rules === undefined) services.set(service, [rule]);
    else rules.push(rule);
  }
  return [...services].map(([name, rules]) => ({ subject: 'pam', name, rules, files: [sharedFile] }));
}

function splitService(line: RawName): readonly [service: RawName, rule: RawName] {
  const blank = line.indexOf(' ');
  const service = blank === -1 ? line : line.slice(0, blank);
  return [lowerAscii(service), normaliseRule(line.slice(service.length + 1))];
}

/** The rules of a file in /etc/pam.d. */
export function parsePam(text: string): readonly RawName[] {
  return pamLines(text).map(normaliseRule);
}

/** Lines without comments, those that end in a backslash joined to the next, each run of blanks one blank. */
function pamLines(text: string): readonly RawName[] {
  const lines: RawName[] = [];
  let pieces: RawName[] = [];
  for (const physical of text.split('\n')) {
    const hash = physical.indexOf('#');
    const line = trimmed(hash === -1 ? physical : physical.slice(0, hash));
    const isContinued = line.endsWith('\\');
    pieces.push(isContinued ? line.slice(0, -1) : line);
    if (isContinued) continue;
    lines.push(wordsOf(pieces.join(' ')).join(' '));
    pieces = [];
  }
  lines.push(wordsOf(pieces.join(' ')).join(' '));
  return lines.filter((line) => line !== '');
}

/** Type and control are read in any case; `[success=1 default=ignore]` is one word to PAM and stays as it stands. */
function normaliseRule(line: RawName): RawName {
  const [type = '', control = '', ...rest] = line.split(' ');
  const words = [lowerAscii(type), control.startsWith('[') ? control : lowerAscii(control), ...rest];
  return redacted(type.startsWith('@') ? line : words.filter((word) => word !== '').join(' '), 'words');
}
