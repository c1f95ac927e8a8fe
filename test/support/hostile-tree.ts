import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names that break programs: each must come out as itself, byte by byte. */
export const hostileNames: readonly Buffer[] = [
  Buffer.from('new\nline'),
  Buffer.from('\x1b[2J\x1b[31mred\x07'),
  Buffer.from('tab\tcr\rdel\x7f'),
  Buffer.from([0x61, 0xff, 0xfe, 0x62]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from([0xe2, 0x82]),
  Buffer.from('c1\u0085control'),
  Buffer.from('rtl\u202Egpj.exe'),
  Buffer.from('zero\u200Bwidth'),
  Buffer.from('\uFEFFbom'),
  Buffer.from('e\u0301'),
  Buffer.from('\u00e9'),
  Buffer.from('𝒳 astral'),
  Buffer.from('back\\slash'),
  Buffer.from('\\x41'),
  Buffer.from('\\'),
  Buffer.from('__proto__'),
  Buffer.from('constructor'),
  Buffer.from('toString'),
  Buffer.from('"quoted"'),
  Buffer.from("it's"),
  Buffer.from('...'),
  Buffer.from('.. '),
  Buffer.from('-rf'),
  Buffer.from('*'),
  Buffer.from('[a]?{b}'),
  Buffer.from('$(touch pwned)`x`'),
  Buffer.from('<img src=x onerror=alert(1)>'),
  Buffer.from('=cmd|x'),
  Buffer.from(' '.repeat(255)),
  Buffer.from('é'.repeat(127)),
  Buffer.from('Case'),
  Buffer.from('case'),
];

/** Everything a tree may hold that an ordinary user can make. */
export function buildHostileTree(root: string): void {
  for (const kind of ['names', 'dirs', 'links', 'order', 'modes', 'special']) mkdirSync(join(root, kind));
  for (const name of hostileNames) {
    writeFileSync(within(root, 'names', name), name);
    mkdirSync(within(root, 'dirs', name));
    writeFileSync(within(root, 'dirs', Buffer.concat([name, Buffer.from('/'), name])), 'inside');
    symlinkSync(name, within(root, 'links', name));
  }
  // Sorted by the bytes of the whole path: a < a! < a-b < a/b < a0, though a walk meets a/b right after a.
  for (const name of ['a!', 'a-b', 'a0', 'a.b', 'a b']) writeFileSync(join(root, 'order', name), name);
  mkdirSync(join(root, 'order/a/b/c'), { recursive: true });
  for (const name of ['a/b/c/d', 'a/b-c', 'a/b!']) writeFileSync(join(root, 'order', name), name);
  for (let mode = 0; mode <= 0o7777; mode += 0o421) {
    const name = join(root, 'modes', mode.toString(8));
    writeFileSync(name, '');
    chmodSync(name, mode | 0o400);
  }
  symlinkSync('loop-b', join(root, 'links/loop-a'));
  symlinkSync('loop-a', join(root, 'links/loop-b'));
  symlinkSync('.', join(root, 'links/self'));
  symlinkSync('/etc/shadow', join(root, 'links/outside'));
  symlinkSync('../../../../../../../../../..', join(root, 'links/up'));
  symlinkSync('x'.repeat(4095), join(root, 'links/longest'));
  symlinkSync(Buffer.from([0x1b, 0x5b, 0xff, 0x5c]), join(root, 'links/bytes'));
  execFileSync('mkfifo', [join(root, 'special/fifo')]);
  makeSocket(join(root, 'special/socket'));
  writeFileSync(join(root, 'special/empty'), '');
  linkSync(join(root, 'special/empty'), join(root, 'special/hard-link'));
  makeDeep(join(root, 'deep'), 200, 'd');
}

/** Devices and owners; needs root. */
export function addDevices(root: string): void {
  const devices = join(root, 'devices');
  mkdirSync(devices);
  execFileSync('mknod', [join(devices, 'zero'), 'c', '1', '5']);
  execFileSync('mknod', [join(devices, 'block'), 'b', '259', '65536']);
  execFileSync('mknod', [join(devices, 'tty'), 'c', '5', '0']);
  writeFileSync(join(devices, 'owned'), 'x');
  execFileSync('chown', ['4294967294:65534', join(devices, 'owned')]);
  writeFileSync(join(devices, 'closed'), 'x', { mode: 0 });
  mkdirSync(join(devices, 'closed-dir'), { mode: 0 });
}

/** A socket file stays behind when its server is killed. */
export function makeSocket(path: string): void {
  const program = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program, path]);
}

/** Directories in each other, made by relative steps so that the whole may be longer than PATH_MAX; a file in the last. */
export function makeDeep(dir: string, levels: number, name: string): void {
  const program = `
    const fs = require('fs');
    const [dir, levels, name] = process.argv.slice(1);
    fs.mkdirSync(dir);
    process.chdir(dir);
    for (let level = 0; level < Number(levels); level += 1) {
      fs.mkdirSync(name);
      process.chdir(name);
    }
    fs.writeFileSync('bottom', 'reached');`;
  execFileSync(process.execPath, ['-e', program, dir, String(levels), name]);
}

function within(root: string, folder: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${root}/${folder}/`), name]);
}
