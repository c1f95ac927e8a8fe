import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { redacted } from '../../secrets/redact.ts';
import type { Collector } from './collector.ts';
import { regularText } from './regular-file.ts';

const passwdFile = '/etc/passwd';
const shadowFile = '/etc/shadow';

/** Accounts, passwd(5) and shadow(5). What a password is, even as a hash, never leaves the file. */
export const users: Collector<'user'> = {
  subject: 'user',
  reads: [passwdFile, shadowFile],
  collect: (reader) => {
    const passwords = parseShadow(regularText(reader, shadowFile) ?? '');
    return parsePasswd(regularText(reader, passwdFile) ?? '').map((line) => factOfLine(line, passwords));
  },
};

export type PasswdLine =
  | ({ readonly name: RawName; readonly field: RawName; readonly uid: number; readonly gid: number } & {
      readonly home: RawName;
      readonly shell: RawName;
    })
  | { readonly notUnderstood: RawName };

export type Password = 'none' | 'locked' | 'set' | 'absent';

function factOfLine(line: PasswdLine, passwords: ReadonlyMap<RawName, Password>): FactOf<'user'> {
  const subject = 'user';
  // An account's name has no colon, so these never meet.
  if ('notUnderstood' in line) return { subject, name: `${passwdFile}: ${line.notUnderstood}`, files: [passwdFile] };
  const { name, field, uid, gid, home, shell } = line;
  const isShadowed = field === 'x' || field === '*NP*';
  const shadowed = isShadowed ? passwords.get(name) : undefined;
  const password = isShadowed ? (shadowed ?? 'absent') : passwordOf(field);
  const files = shadowed === undefined ? [passwdFile] : [passwdFile, shadowFile];
  return { subject, name, uid, gid, home, shell, password, files };
}

/** As glibc reads it: blank lines and comments are nothing, and what is missing after the gid is empty. */
export function parsePasswd(text: string): readonly PasswdLine[] {
  return accountLines(text).map((line) => {
    const [name = '', field, uidText, gidText, , home = '', shell = '', ...more] = line.split(':');
    const [uid, gid] = [parseId(uidText), parseId(gidText)];
    if (name === '' || field === undefined || uid === undefined || gid === undefined || more.length > 0) {
      return { notUnderstood: redacted(line, 'accounts') };
    }
    return { name, field, uid, gid, home, shell };
  });
}

/** The first line of an account is the one that counts. A line here that names nobody opens no door. */
export function parseShadow(text: string): ReadonlyMap<RawName, Password> {
  const passwords = new Map<RawName, Password>();
  for (const line of accountLines(text)) {
    const [name = '', field] = line.split(':', 2);
    if (field !== undefined && !passwords.has(name)) passwords.set(name, passwordOf(field));
  }
  return passwords;
}

/** crypt(3) never gives a text with `*` or `!` in front, so with these no password fits. */
function passwordOf(field: RawName): Password {
  if (field === '') return 'none';
  return /^[*!]/.test(field) || field === 'x' ? 'locked' : 'set';
}

export function accountLines(text: string): readonly RawName[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^[ \t\v\f\r]+/, ''))
    .filter((line) => line !== '' && line[0] !== '#');
}

/** As strtoul(3) does, and undefined past 32 bits, where C libraries disagree about who is meant. */
export function parseId(text: string | undefined): number | undefined {
  const digits = /^[ \t\v\f\r]*(?:\+?(\d+)|-(0+))$/.exec(text ?? '');
  if (digits === null) return undefined;
  const id = Number(digits[1] ?? 0);
  return id <= 0xffff_ffff ? id : undefined;
}
