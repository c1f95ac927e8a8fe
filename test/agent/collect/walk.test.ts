import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../agent/collect/scope.ts';
import { openRoot } from '../../../agent/collect/system-path.ts';
import { walkTree } from '../../../agent/collect/walk.ts';

const everything: Scope = { observes: () => true, enters: () => true, onHole: () => undefined };

function walk(root: string, scope: Partial<Scope> = {}, start?: string): string[] {
  const opened = openRoot(root, { labels: true });
  try {
    return [...walkTree(opened, { ...everything, ...scope }, start)].flatMap(({ paths }) => paths);
  } finally {
    opened.close();
  }
}

describe('the walk', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pristine-walk-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('goes in the byte order of whole paths', () => {
    for (const dir of ['a', 'a/b', 'a-b', 'a0']) mkdirSync(join(root, dir));
    for (const file of ['a!', 'a/b/c', 'a/b-c', 'a.b', 'a-b/x']) writeFileSync(join(root, file), '');

    expect(walk(root)).toEqual(['/', '/a', '/a!', '/a-b', '/a-b/x', '/a.b', '/a/b', '/a/b-c', '/a/b/c', '/a0']);
  });

  it('goes in that order whatever the names are', () => {
    const segment = fc
      .uint8Array({ minLength: 1, maxLength: 6 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 45 : byte))))
      .filter((name) => !['.', '..'].includes(name.toString('latin1')));
    fc.assert(
      fc.property(fc.array(fc.array(segment, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (trees) => {
        const place = mkdtempSync(join(root, 'p'));
        for (const parts of trees) {
          mkdirSync(Buffer.concat([Buffer.from(place), ...parts.flatMap((part) => [Buffer.from('/'), part])]), {
            recursive: true,
          });
        }
        const paths = walk(place);
        const made = new Set(trees.flatMap((parts) => parts.map((_, end) => pathOf(parts.slice(0, end + 1)))));

        expect(paths).toEqual(paths.toSorted());
        expect(new Set(paths)).toEqual(new Set(['/', ...made]));
      }),
      { numRuns: 60 },
    );
  });

  it('does not follow links, loops or not', () => {
    symlinkSync('/etc', join(root, 'out'));
    symlinkSync('.', join(root, 'loop'));

    expect(walk(root)).toEqual(['/', '/loop', '/out']);
  });

  it('leaves out what is not in scope, and enters what is', () => {
    mkdirSync(join(root, 'shut/in'), { recursive: true });
    mkdirSync(join(root, 'unseen/in'), { recursive: true });

    const scope = {
      observes: (path: string) => path !== '/unseen',
      enters: (path: string) => path !== '/shut',
    };

    expect(walk(root, scope)).toEqual(['/', '/shut', '/unseen/in']);
  });

  it('begins where it is told to', () => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a-b'), '');

    expect(walk(root, {}, '/a')).toEqual(['/a', '/a/b']);
    expect(walk(root, {}, '/a-b')).toEqual(['/a-b']);
    expect(walk(root, {}, '/none')).toEqual(['/none']);
  });

  it('goes through directories larger than a batch, once each', () => {
    for (let index = 0; index < 300; index++) writeFileSync(join(root, `f${index}`), '');

    const paths = walk(root);

    expect(paths).toHaveLength(301);
    expect(paths).toEqual([...new Set(paths)].sort());
  });
});

function pathOf(parts: readonly Buffer[]): string {
  return parts.map((part) => `/${part.toString('latin1')}`).join('');
}
