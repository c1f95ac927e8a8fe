import { spawnSync } from 'node:child_process';
import type { RawEntry } from './manifest-oracle.ts';

/**
 * What a tree holds, said by find, stat and sha256sum and by nothing of ours. Bytes travel as latin1 strings.
 * `leaveOut` are paths within the root (as bytes) that are not looked into, themselves included.
 */
export function listTree(root: string, leaveOut: readonly string[] = []): Map<string, RawEntry> {
  const prune = leaveOut.flatMap((path, index) => [...(index > 0 ? ['-o'] : []), '-path', `.${literal(path)}`]);
  const skip = prune.length > 0 ? ['(', ...prune, ')', '-prune', '-o'] : [];
  const format = ['%y', '%m', '%U', '%G', '%s', '%l', '%P'].map((field) => `${field}\\0`).join('');
  const fields = zeroSeparated('find', ['.', ...skip, '-printf', format], root);
  const contents = contentsOf(root, skip);
  const devices = devicesOf(root, skip);
  const entries = new Map<string, RawEntry>();
  for (let at = 0; at + 6 < fields.length; at += 7) {
    const [letter, mode, uid, gid, size, target, path] = fields.slice(at, at + 7) as [string, ...string[]];
    const name = writtenName(`/${path}`);
    entries.set(name, {
      subject: 'file',
      name,
      type: typeOf(letter),
      uid: Number(uid),
      gid: Number(gid),
      ...(letter === 'l' ? { target: writtenName(target!) } : { mode: mode!.padStart(4, '0') }),
      ...(letter === 'f' ? { size: size!, content: `sha256:${contents.get(path!)}` } : {}),
      ...(letter === 'c' || letter === 'b' ? { rdev: devices.get(path!)! } : {}),
    });
  }
  return entries;
}

/** Every path beneath the root, whatever is mounted there, written as names. What vanishes meanwhile (/proc) is no error. */
export function everyPath(root: string): string[] {
  const paths = zeroSeparated('find', ['.', '-printf', '%P\\0'], root, { lenient: true });
  return paths.map((path) => writtenName(`/${path}`));
}

/** dpkg's own words about its database. */
export function listPackages(root: string): RawEntry[] {
  const format = `\${Package}:\${Architecture}\\t\${Version}\\t\${Status}\\n`;
  const out = run('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format], root, false).toString();
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name, version, status] = line.split('\t') as [string, string, string];
      const [base, architecture] = name.split(':');
      const purl = `pkg:deb/debian/${escaped(base!)}@${escaped(version)}?arch=${architecture}`;
      return { subject: 'package', name, version, status, purl };
    });
}

/** As a package URL has it: percent-encoded, but for the colon. */
function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9.:~_-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Differences of two listings as lines like those of `brief`, without severity. */
export function differences(before: ReadonlyMap<string, RawEntry>, after: ReadonlyMap<string, RawEntry>): string[] {
  const attributes = (entry: RawEntry) => Object.keys(entry).filter((key) => key !== 'subject' && key !== 'name');
  const line = (change: string, name: string, keys: string[]) =>
    `${change} file ${name} [${keys.toSorted().join(',')}]`;
  const lines: string[] = [];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (!now) lines.push(line('removed', name, attributes(old)));
    else if (old['type'] !== now['type']) lines.push(line('modified', name, ['type']));
    else {
      const differing = attributes(old).filter((key) => old[key] !== now[key]);
      if (differing.length > 0) lines.push(line('modified', name, differing));
    }
  }
  for (const [name, now] of after) if (!before.has(name)) lines.push(line('added', name, attributes(now)));
  return lines.toSorted();
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** DESIGN §4: `\xNN` for each byte that is no valid UTF-8 or part of a control character; a backslash doubles. */
export function writtenName(latin1: string): string {
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const [character, length] = characterAt(bytes, at);
    if (character === '\\') out += '\\\\';
    else if (character !== undefined && !/\p{Cc}/u.test(character)) out += character;
    else for (const byte of bytes.subarray(at, at + length)) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    at += length;
  }
  return out;
}

/** The bytes of a written name, as latin1. */
export function bytesOfName(name: string): Buffer {
  const parts = name.match(/\\x[0-9a-f]{2}|\\\\|[^\\]/gu) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (part === '\\\\') return Buffer.from('\\');
      return part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part);
    }),
  );
}

function characterAt(bytes: Buffer, at: number): [string | undefined, number] {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    try {
      return [decoder.decode(bytes.subarray(at, at + length)), length];
    } catch {
      // Not a whole character yet.
    }
  }
  return [undefined, 1];
}

function typeOf(letter: string): string {
  const types: Record<string, string> = {
    f: 'file',
    d: 'dir',
    l: 'symlink',
    p: 'fifo',
    s: 'socket',
    c: 'char',
    b: 'block',
  };
  const type = types[letter];
  if (!type) throw new Error(`find knows a type that we do not: ${letter}`);
  return type;
}

function contentsOf(root: string, skip: readonly string[]): Map<string, string> {
  const names = run('find', ['.', ...skip, '-type', 'f', '-print0'], root, false);
  const sums = run('xargs', ['-0', '-r', 'sha256sum', '-z', '--'], root, false, names).toString('latin1');
  return new Map(sums.split('\0').map((sum) => [sum.slice(66 + './'.length), sum.slice(0, 64)]));
}

function devicesOf(root: string, skip: readonly string[]): Map<string, string> {
  const names = run('find', ['.', ...skip, '(', '-type', 'c', '-o', '-type', 'b', ')', '-print0'], root, false);
  const stats = run('xargs', ['-0', '-r', 'stat', '--printf', '%t:%T:%n\\0', '--'], root, false, names);
  const devices = new Map<string, string>();
  for (const line of stats.toString('latin1').split('\0').slice(0, -1)) {
    const [major, minor, ...name] = line.split(':') as [string, string, ...string[]];
    devices.set(name.join(':').slice('./'.length), `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`);
  }
  return devices;
}

/** find's -path takes a pattern. */
function literal(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&');
}

function zeroSeparated(command: string, args: string[], cwd: string, options: { lenient?: boolean } = {}): string[] {
  return run(command, args, cwd, options.lenient ?? false)
    .toString('latin1')
    .split('\0')
    .slice(0, -1);
}

function run(command: string, args: readonly string[], cwd: string, lenient: boolean, input?: Buffer): Buffer {
  const child = spawnSync(command, args, { cwd, input, maxBuffer: 1 << 30, env: { ...process.env, LC_ALL: 'C' } });
  if (child.error) throw child.error;
  if (child.status !== 0 && !lenient) throw new Error(`${command} ended with ${child.status}: ${child.stderr}`);
  return child.stdout;
}
