import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryIn, newTally, observePath, reasonIn } from '../../../agent/collect/observe.ts';
import { isDirectoryStamp, isFileStamp, isSettled, stampWords } from '../../../agent/collect/stamp.ts';
import { type OpenRoot, openRoot } from '../../../agent/collect/system-path.ts';
import { makeSocket } from '../../support/hostile-tree.ts';
import { isRoot } from '../../support/scratch.ts';

// The moments between two system calls, in which others may change a file, are made by hand: no test waits for luck.
const during = vi.hoisted(() => ({ read: undefined as (() => void) | undefined }));
vi.mock('node:fs', async (original) => {
  const actual = await original<typeof import('node:fs')>();
  const readSync = (...args: Parameters<typeof actual.readSync>) => {
    const length = actual.readSync(...args);
    during.read?.();
    return length;
  };
  return { ...actual, readSync };
});

describe('observing a path', () => {
  let root: string;
  let opened: OpenRoot;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pristine-observe-'));
    chmodSync(root, 0o755);
    opened = openRoot(root, { labels: true });
  });
  afterEach(() => {
    opened.close();
    during.read = undefined;
    rmSync(root, { recursive: true });
  });

  const tally = newTally();
  const observe = (path: string, isFile = true) => observePath(opened, path, isFile, tally);
  const write = (name: string, text: string | Buffer) => writeFileSync(join(root, name), text, { mode: 0o644 });

  it.each([0, 1, 4096, 512 * 1024, 512 * 1024 + 1, 3_000_000])('hashes a file of %i bytes', (size) => {
    const bytes = Buffer.alloc(size, 'x');
    write('f', bytes);

    expect(entryIn(observe('/f'))).toMatchObject({
      type: 'file',
      mode: '0644',
      size: `${size}`,
      content: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    });
  });

  it('stamps what was seen whole, whatever it is, and nothing else', () => {
    write('f', 'x');
    mkdirSync(join(root, 'dir'));
    const stampOf = (path: string, isFile: boolean) => {
      const stamp = { words: new Uint32Array(2 + stampWords), at: 1 };
      observePath(opened, path, isFile, tally, stamp);
      return stamp;
    };

    const file = stampOf('/f', true);
    const changedMs = statSync(join(root, 'f')).ctimeMs;
    expect([isFileStamp(file), isDirectoryStamp(file)]).toEqual([true, false]);
    expect([isSettled(file, changedMs + 60_001), isSettled(file, changedMs + 59_999)]).toEqual([true, false]);
    expect(isDirectoryStamp(stampOf('/dir', false))).toBe(true);
    expect(isSettled(stampOf('/none', true), Number.MAX_VALUE)).toBe(false);
    expect([file.words[0], file.words.at(-1)]).toEqual([0, 0]);
  });

  it('never opens what is no regular file, whatever the directory said', () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    makeSocket(join(root, 'socket'));
    mkdirSync(join(root, 'dir'));
    symlinkSync('/etc/passwd', join(root, 'link'));

    for (const isFile of [true, false]) {
      expect(entryIn(observe('/fifo', isFile))?.type).toBe('fifo');
      expect(entryIn(observe('/socket', isFile))?.type).toBe('socket');
      expect(entryIn(observe('/dir', isFile))?.type).toBe('dir');
      expect(entryIn(observe('/link', isFile))).toMatchObject({ type: 'symlink', target: '/etc/passwd' });
    }
  });

  it.skipIf(!isRoot)('knows a device by its numbers (needs root)', () => {
    execFileSync('mknod', [join(root, 'zero'), 'c', '1', '5']);
    execFileSync('mknod', [join(root, 'disk'), 'b', '259', '65536']);

    expect(entryIn(observe('/zero', false))).toMatchObject({ type: 'char', rdev: '1:5' });
    expect(entryIn(observe('/disk', false))).toMatchObject({ type: 'block', rdev: '259:65536' });
  });

  it('says nothing of what is not there', () => {
    write('f', '');

    expect(observe('/none')).toBe('');
    expect(observe('/f/none')).toBe('');
    expect(observe('/none', false)).toBe('');
  });

  it('reads a file anew that was replaced while it was hashed', () => {
    write('f', 'before');
    write('next', 'after!');
    during.read = once(() => renameSync(join(root, 'next'), join(root, 'f')));

    expect(entryIn(observe('/f'))?.content).toBe(`sha256:${createHash('sha256').update('after!').digest('hex')}`);
  });

  it('reads a file anew that was written while it was hashed', () => {
    write('f', 'before');
    during.read = once(() => write('f', 'longer than before'));

    expect(entryIn(observe('/f'))?.size).toBe('18');
  });

  it('gives up on a file that changes each time', () => {
    write('f', 'x');
    let count = 0;
    during.read = () => write('f', 'x'.repeat(++count % 2 ? 5 : 9));

    expect(observe('/f')).toBe('!unstable');
    expect(count).toBeLessThan(10);
  });

  it('keeps what can be seen of a file that cannot be read', () => {
    write('f', 'secret');
    during.read = () => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };

    const observation = observe('/f');

    expect(reasonIn(observation)).toBe('io-error');
    expect(entryIn(observation)).toMatchObject({ type: 'file', mode: '0644', size: '6' });
    expect(entryIn(observation)).not.toHaveProperty('content');
  });

  it('knows a path that is too long for the system', () => {
    expect(observe(`/${'x'.repeat(5_000)}`)).toBe('!too-deep');
  });
});

function once(act: () => void): () => void {
  return () => {
    during.read = undefined;
    act();
  };
}
