import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import koffi from 'koffi';
import type { Answer, Operation, Order, Planted, Renewal } from './operations.ts';

/** A program that does to a tree what it is told to, an order a line, and says what of it was possible. */

const libc = koffi.load(null);
const call = {
  mkfifo: libc.func('int mkfifo(const uint8_t *, unsigned int)'),
  setxattr: libc.func('int lsetxattr(const uint8_t *, const char *, const char *, uint64_t, int)'),
  removexattr: libc.func('int lremovexattr(const uint8_t *, const char *)'),
  renameat2: libc.func('int renameat2(int, const uint8_t *, int, const uint8_t *, unsigned int)'),
  mmap: libc.func('int64_t mmap(int64_t, uint64_t, int, int, int, int64_t)'),
  munmap: libc.func('int munmap(int64_t, uint64_t)'),
};
const [atCwd, noReplace, renameExchange] = [-100, 1, 2];
const attribute = 'user.note';
/** A FIFO with nobody at its other end must not hold us. */
const toWrite = constants.O_WRONLY | constants.O_NONBLOCK;
const ownMemory = openSync('/proc/self/mem', 'r+');

let before: Buffer | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const { root, operations, marker }: Order = JSON.parse(line);
  if (before !== undefined) rmdirSync(before);
  const done = operations.flatMap((operation, index) => (isDone(root, operation) ? [index] : []));
  before = at(root, marker);
  mkdirSync(before);
  process.stdout.write(`${JSON.stringify({ done } satisfies Answer)}\n`);
}

/** What is not possible, as nothing is there or something else is, is not done. */
function isDone(root: string, operation: Operation | Renewal): boolean {
  try {
    if (operation.do === 'renew') renew(root, operation.tree);
    else act(root, operation);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function act(root: string, { do: name, path: within, to = '', number = 0 }: Operation): unknown {
  const path = at(root, within);
  switch (name) {
    case 'create':
      return writeAll(path, toWrite | constants.O_CREAT | constants.O_EXCL, to);
    case 'write':
      return writeAll(path, toWrite | constants.O_CREAT | constants.O_TRUNC, to);
    case 'append':
      return writeAll(path, toWrite | constants.O_APPEND, to);
    case 'truncate': {
      const fd = openSync(path, toWrite);
      ftruncateSync(fd, number);
      return closeSync(fd);
    }
    case 'write-mapped':
    case 'write-mapped-last':
      return writeMapped(path, to, name === 'write-mapped-last');
    case 'replace':
      writeAll(at(root, `${within}.new`), toWrite | constants.O_CREAT | constants.O_TRUNC, to);
      return renameSync(at(root, `${within}.new`), path);
    case 'chmod':
      return chmodSync(path, number);
    case 'chown':
      return lchownSync(path, number, number);
    case 'xattr':
      return checked(
        to === '' ? call.removexattr(cPath(path), attribute) : call.setxattr(cPath(path), attribute, to, to.length, 0),
      );
    case 'rename':
    case 'rename-over':
    case 'rename-dir':
      if (name === 'rename-over') writeAll(at(root, to), toWrite | constants.O_CREAT, '');
      return renameSync(path, at(root, to));
    case 'exchange':
      return checked(call.renameat2(atCwd, cPath(path), atCwd, cPath(at(root, to)), renameExchange));
    case 'rename-linked':
      return checked(call.renameat2(atCwd, cPath(path), atCwd, cPath(at(root, to)), noReplace));
    case 'link':
      return linkSync(path, at(root, to));
    case 'symlink':
      return symlinkSync(to, path);
    case 'unlink':
      return unlinkSync(path);
    case 'mkdir':
      return mkdirSync(path);
    case 'rmdir':
      return rmdirSync(path);
    case 'rm-r':
      lstatSync(path);
      return remove(path);
    case 'mkfifo':
      return checked(call.mkfifo(cPath(path), 0o600));
    case 'fill':
      // Often all of it before anybody can have begun to watch, and else just then.
      mkdirSync(path);
      if (number > 1) pause(1);
      for (let level = 0, deeper = within; level < number; level++) {
        deeper += '/m';
        mkdirSync(at(root, deeper));
        appendFileSync(at(root, `${deeper}/f1`), 'inside\n');
      }
      return undefined;
    case 'pause':
      return pause(number);
    default:
      return name satisfies never;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function writeAll(path: Buffer, flags: number, text: string): void {
  const fd = openSync(path, flags, 0o644);
  try {
    if (text !== '') writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/**
 * Into a shared mapping of the file; as the last that there is of it, or while it is open. By way of /proc/self/mem: where
 * another process has cut the file short meanwhile, that is an error, and storing there the end of this program.
 */
function writeMapped(path: Buffer, text: string, isLast: boolean): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const [readAndWrite, shared, length] = [3, 1, 4_096];
  const address: number = call.mmap(0, length, readAndWrite, shared, fd, 0);
  if (isLast) closeSync(fd);
  try {
    checked(address);
    writeSync(ownMemory, Buffer.from(text || 'm'), 0, 1, address);
  } finally {
    if (address !== -1) call.munmap(address, length);
    if (!isLast) closeSync(fd);
  }
}

/** All but the markers of earlier orders, whose directory stands. */
function renew(root: string, tree: readonly Planted[]): void {
  for (const name of readdirSync(root, { encoding: 'buffer' })) {
    if (name.toString() !== 'mark') remove(child(Buffer.from(root), name));
  }
  call.removexattr(cPath(at(root, '')), attribute);
  chmodSync(root, 0o755);
  lchownSync(root, 0, 0);
  for (const { path: within, kind, text = '', mode } of tree) {
    const path = at(root, within);
    if (kind === 'dir') mkdirSync(path);
    else if (kind === 'symlink') symlinkSync(text, path);
    else writeAll(path, toWrite | constants.O_CREAT, text);
    if (kind !== 'symlink') chmodSync(path, mode);
  }
}

/** Others may add to it and remove from it meanwhile. */
function remove(path: Buffer): void {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      unlinkSync(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EISDIR' && code !== 'EPERM') throw error;
    }
    try {
      for (const name of readdirSync(path, { encoding: 'buffer' })) remove(child(path, name));
      rmdirSync(path);
      return;
    } catch (error) {
      if (attempt === 9) throw error;
    }
  }
}

function at(root: string, within: string): Buffer {
  return Buffer.from(within === '' ? root : `${root}/${within}`, 'latin1');
}

function child(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

function cPath(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.alloc(1)]);
}

function checked(result: number): void {
  if (result === -1) throw Object.assign(new Error('a call failed'), { code: koffi.errno() });
}
