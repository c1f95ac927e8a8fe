import { execFileSync, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bake, bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';
import { aWorkbench } from '../support/workbench.ts';

describe('while files change', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  const big = Buffer.alloc(300_000_000, 'x');

  /** A writer that never stops; resolves once it has begun. */
  async function writer(program: string, ...args: string[]): Promise<() => void> {
    const child = spawn(process.execPath, ['-e', `${program}; process.stdout.write('begun')`, ...args]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return () => child.kill('SIGKILL');
  }

  const scenes: Record<string, string> = {
    'written in place with what it already holds': `
      const fs = require('fs'); const fd = fs.openSync(process.argv[1], 'r+');
      setInterval(() => fs.writeSync(fd, 'x', 5), 1)`,
    growing: `
      const fs = require('fs'); setInterval(() => fs.appendFileSync(process.argv[1], 'more'), 1)`,
    'truncated and filled': `
      const fs = require('fs'); let size = 0;
      setInterval(() => fs.truncateSync(process.argv[1], 299000000 + (size = (size + 1) % 1000000)), 1)`,
    'replaced by another of the same content': `
        const fs = require('fs'); const [path, spare] = process.argv.slice(1); let turn = 0;
        for (const n of [0, 1]) fs.copyFileSync(path, spare + n);
        setInterval(() => { fs.linkSync(spare + (turn ^= 1), spare + 'next'); fs.renameSync(spare + 'next', path); }, 1)`,
  };
  it.each(Object.entries(scenes))('a file %s while it is hashed is unstable', async (_what, program) => {
    const { root, manifest } = await aBakedTree(place, keys);
    writeFileSync(join(root, 'big'), big);
    await bakeSigned({ root, out: manifest, key: keys.key });
    const stop = await writer(program, join(root, 'big'), `${root}.spare`);

    try {
      const { code, report } = await verify({ root, manifest, pub: keys.pub });
      const during = await bake({ root, out: manifest, key: keys.key, version: '2' });

      // A link made of a file changes it too (its ctime), so the replacements may be unstable themselves.
      const holes = report.coverage.holes.filter(({ name }) => !name.startsWith('/big-d/'));
      expect(holes).toEqual([hole('/big', 'unstable')]);
      expect(brief(report).filter((line) => line.includes(' /big ') && line.includes('content'))).toEqual([]);
      expect([1, 3]).toContain(code);
      expect(during.code).toBe(3);
    } finally {
      stop();
      rmSync(join(root, 'big'), { force: true });
    }
    const after = await verify({ root, manifest, pub: keys.pub });
    expect(after.report.image?.version).toBe('1');
  });

  it('a file that is swapped with a FIFO never makes it hang', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    execFileSync('mkfifo', [join(place.dir, 'fifo')]);
    const stop = await writer(
      `const fs = require('fs'); const [path, fifo] = process.argv.slice(1); let turn = 0;
       fs.writeFileSync(fifo + '.file', 'a');
       const swap = () => { const end = Date.now() + 50; while (Date.now() < end) {
         fs.linkSync((turn ^= 1) ? fifo : fifo + '.file', fifo + '.next'); fs.renameSync(fifo + '.next', path); }
         setTimeout(swap, 1); };
       setTimeout(swap, 10)`,
      join(root, 'opt/app/a'),
      join(place.dir, 'fifo'),
    );

    try {
      for (let round = 0; round < 10; round += 1) {
        const { code } = await verify({ root, manifest, pub: keys.pub, timeoutMs: 30_000 });
        expect([0, 1, 3]).toContain(code);
      }
    } finally {
      stop();
    }
  });

  it('a tree that is made and removed during the walk never makes it fail', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const stop = await writer(
      `const fs = require('fs'); const [dir] = process.argv.slice(1);
       const churn = () => { for (let n = 0; n < 50; n += 1) { fs.mkdirSync(dir + '/d' + n + '/e', {recursive: true}); fs.writeFileSync(dir + '/d' + n + '/e/f', 'x'); }
         fs.readdirSync(dir).forEach((n) => fs.rmSync(dir + '/' + n, {recursive: true})); setTimeout(churn, 1); };
       fs.mkdirSync(dir, {recursive: true}); setTimeout(churn, 1)`,
      join(root, 'opt/churn'),
    );

    try {
      for (let round = 0; round < 5; round += 1) {
        const { code, report } = await verify({ root, manifest, pub: keys.pub });
        // The new directory at least is a finding; it stays.
        expect(code).toBe(1);
        expect(brief(report).filter((line) => !line.includes(' /opt/churn'))).toEqual([]);
      }
    } finally {
      stop();
    }
  });
});
