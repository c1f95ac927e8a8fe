import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { close, errno } from '../../../agent/host/libc.ts';
import { openBeneath, openStepwise, toList, toLook, toRead } from '../../../agent/host/open-beneath.ts';

let dir: string;
let root: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pristine-open-'));
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/f'), 'inside');
  root = openSync(dir, 'r');
});
afterEach(() => {
  closeSync(root);
  execFileSync('rm', ['-rf', dir]);
});

const ways = [
  ['openat2', openBeneath],
  ['step by step', (fd: number, path: string, flags: number) => openStepwise(fd, path.slice(1) || '.', flags)],
] as const;

describe.each(ways)('opening beneath a root by %s', (_way, open) => {
  const contentOf = (path: string) => {
    const fd = open(root, path, toRead);
    if (fd < 0) return fd;
    const text = readFileSync(fd, 'utf8');
    close(fd);
    return text;
  };

  it('finds what is there', () => {
    expect(contentOf('/a/b/f')).toBe('inside');
    const fd = open(root, '/a', toList);
    expect(fd).toBeGreaterThan(0);
    close(fd);
  });

  it('follows no link, on the way or at the end', () => {
    symlinkSync('b', join(dir, 'a/way'));
    symlinkSync('f', join(dir, 'a/b/end'));
    symlinkSync('/', join(dir, 'out'));

    expect([-errno.ELOOP, -errno.ENOTDIR]).toContain(contentOf('/a/way/f'));
    expect(contentOf('/a/b/end')).toBe(-errno.ELOOP);
    expect([-errno.ELOOP, -errno.ENOTDIR]).toContain(contentOf('/out/etc/passwd'));
    const link = open(root, '/a/b/end', toLook);
    expect(link).toBeGreaterThan(0);
    close(link);
  });

  it('says what is not there', () => {
    expect(contentOf('/none')).toBe(-errno.ENOENT);
    expect(contentOf('/a/b/f/none')).toBe(-errno.ENOTDIR);
  });

  it('takes any bytes for a name', () => {
    writeFileSync(Buffer.from(`${dir}/a/\xff\n`, 'latin1'), 'bytes');

    expect(contentOf('/a/\xff\n')).toBe('bytes');
  });

  it('leaves no descriptor behind', () => {
    // A new descriptor gets the lowest free number.
    const count = () => openSync('/dev/null', 'r');
    const before = count();
    closeSync(before);
    for (let turn = 0; turn < 50; turn++) {
      contentOf('/a/b/f');
      contentOf('/none/x/y');
    }
    const after = count();
    closeSync(after);

    expect(after).toBe(before);
  });
});

it('reaches beyond what a path may be long', () => {
  const segment = 'd'.repeat(200);
  // Made relative, as whoever hides there would.
  const make = `import os\nos.chdir(${JSON.stringify(dir)})\nfor _ in range(30):\n os.mkdir("${segment}")\n os.chdir("${segment}")\nopen("f", "w").write("deep")`;
  execFileSync('python3', ['-c', make]);

  const fd = openBeneath(root, `${`/${segment}`.repeat(30)}/f`, toRead);

  expect(readFileSync(fd, 'utf8')).toBe('deep');
  close(fd);
  rmSync(join(dir, 'a'), { recursive: true });
});
