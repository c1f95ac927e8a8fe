import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { type KeyLine, parseAuthorizedKeys } from './authorized-keys-lines.ts';
import type { Collector, Reader } from './collector.ts';
import { normalPath } from './config-files.ts';
import { regularFile, regularText } from './regular-file.ts';
import { keyFilesOfSshd } from './sshd-config.ts';
import { type PasswdLine, parsePasswd } from './users.ts';

const passwdFile = '/etc/passwd';
const accountsMax = 10_000;
/** A file that serves every account is a fact for each: past so many, the rest is not said. */
const factsMax = 200_000;

/** Looked at even if sshd is told otherwise, or is not there yet: what lies here is meant to open a door. */
const usualFiles = ['.ssh/authorized_keys', '.ssh/authorized_keys2'];

/** Who may log in by which key: the homes of passwd and what `AuthorizedKeysFile` of sshd_config(5) names. */
export const authorizedKeys: Collector<'authorized-key'> = {
  subject: 'authorized-key',
  // Homes anywhere else are left to the sweeps: a pattern for them would make each hint a hint about keys.
  reads: [passwdFile, '/etc/ssh/**', '/usr/etc/ssh/**', '/root/.ssh/*', '/home/*/.ssh/*', '/var/lib/*/.ssh/*'],
  collect: function* (reader) {
    const keyFiles = [...new Set([...usualFiles, ...keyFilesOfSshd(reader)])];
    const accounts = parsePasswd(regularText(reader, passwdFile) ?? '')
      .filter(isAccount)
      .slice(0, accountsMax);
    const linesOf = lineReader(reader);
    let left = factsMax;
    for (const account of accounts) {
      for (const path of new Set(keyFiles.map((keyFile) => keyPath(keyFile, account)))) {
        const lines = linesOf(path).slice(0, left);
        left -= lines.length;
        yield* lines.map((line) => factOfKey(line, account.name, normalPath(path)));
      }
    }
  },
};

type Account = Exclude<PasswdLine, { notUnderstood: RawName }>;

function isAccount(line: PasswdLine): line is Account {
  return !('notUnderstood' in line);
}

/** Tokens as sshd_config(5) has them. What is not absolute lies in the home, and a home that is not, in `/`, as for sshd. */
export function keyPath(keyFile: RawName, account: Pick<Account, 'name' | 'uid' | 'home'>): RawName {
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    h: account.home,
    u: account.name,
    U: String(account.uid),
  };
  const path = keyFile.replace(/%(.)/gs, (token, letter: string) => values[letter] ?? token);
  if (path.startsWith('/')) return path;
  const home = account.home.startsWith('/') ? account.home : `/${account.home}`;
  return `${home.endsWith('/') ? home.slice(0, -1) : home}/${path}`;
}

/** Many accounts have the same home, and may have the same file. */
function lineReader(reader: Reader): (path: RawName) => readonly KeyLine[] {
  const known = new Map<RawName, readonly KeyLine[]>();
  return (path) => {
    const file = regularFile(reader, path);
    if (file === undefined) return [];
    const lines = known.get(file) ?? parseAuthorizedKeys(regularText(reader, file) ?? '');
    known.set(file, lines);
    return lines;
  };
}

function factOfKey(line: KeyLine, account: RawName, path: RawName): FactOf<'authorized-key'> {
  const subject = 'authorized-key';
  if ('notUnderstood' in line) return { subject, name: `${account} ${path}: ${line.notUnderstood}`, files: [path] };
  const { fingerprint, keyType, options } = line;
  return { subject, name: `${account} ${fingerprint}`, keyType, ...(options && { options }), files: [path] };
}
