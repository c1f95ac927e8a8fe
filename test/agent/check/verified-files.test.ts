import { chmodSync, linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openVerifiedFiles } from '../../../agent/check/verified-files.ts';
import { hasMark, markBytes, markTableOf } from '../../../agent/collect/marks.ts';
import { digestOf } from '../../../shared/digest.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';

let bakery: Bakery;
let verified: string;
beforeEach(async () => {
  // Which files are read all the same is left to chance; here none is.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  bakery = aBakery((root) => {
    for (let index = 0; index < 300; index++) writeFileSync(join(root, `f${index}`), `content ${index}`);
    writeFileSync(join(root, 'su'), '#!', { mode: 0o755 });
    chmodSync(join(root, 'su'), 0o4755);
  });
  await bakery.bake();
  verified = join(bakery.dir, 'verified');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bakery.close();
});

const at = (name: string) => join(bakery.root, name);
const sweep = () => bakery.verify(undefined, verified);
const told = ({ findings }: Awaited<ReturnType<typeof sweep>>) =>
  findings.map(({ change, name, attributes }) => `${change} ${name} ${attributes}`);

// The other threads draw their own lots: a few of the files that have not changed are read there.
describe('a sweep that remembers what it found as baked', () => {
  it('reads everything the first time, and then hardly any file that has not changed', async () => {
    const first = await sweep();
    const second = await sweep();

    expect(first.coverage).toMatchObject({ filesHashed: 301, filesUnchanged: 0 });
    expect(second.coverage.filesUnchanged).toBeGreaterThan(200);
    expect(second.coverage.filesUnchanged + second.coverage.filesHashed).toBe(301);
    expect([second.verdict, second.coverage.checked]).toEqual(['in_sync', first.coverage.checked]);
  });

  it('reads a set-id program each time', async () => {
    await sweep();
    writeFileSync(verified, readFileSync(verified));

    const { coverage } = await sweep();

    expect(coverage.filesHashed).toBeGreaterThanOrEqual(1);
    const header = JSON.parse(readFileSync(verified, 'latin1').split('\n')[0]!);
    expect(readFileSync(verified).length - JSON.stringify(header).length - 1).toBe(300 * markBytes);
  });

  it('finds every change, whatever was done to hide it', async () => {
    await sweep();
    const { atime, mtime } = await import('node:fs').then(({ statSync }) => statSync(at('f1')));
    writeFileSync(at('f1'), 'CONTENT 1');
    utimesSync(at('f1'), atime, mtime);
    chmodSync(at('f2'), 0o600);
    rmSync(at('f3'));
    writeFileSync(at('new'), 'x');
    renameSync(at('f4'), at('f4x'));
    linkSync(at('f5'), at('f5x'));
    renameSync(at('f6'), at('f7'));

    expect(told(await sweep())).toEqual([
      'modified /f1 content',
      'modified /f2 mode',
      'removed /f3 content,gid,mode,size,type,uid',
      'removed /f4 content,gid,mode,size,type,uid',
      'added /f4x content,gid,mode,size,type,uid',
      'added /f5x content,gid,mode,size,type,uid',
      'removed /f6 content,gid,mode,size,type,uid',
      'modified /f7 content',
      'added /new content,gid,mode,size,type,uid',
    ]);
    expect(told(await sweep())).toHaveLength(9);
  });

  it('reads everything for another image, after a day, and when the set is broken', async () => {
    const image = digestOf('image');
    const now = Date.now();
    const reopened = (of: string, when: number) => openVerifiedFiles(verified, of, when).verified.table.byteLength > 0;
    const set = openVerifiedFiles(verified, image, now);
    set.keep('{"mode":"0644"}', new Uint8Array(markBytes).fill(7));
    set.save();

    expect(reopened(image, now + 1)).toBe(true);
    expect(reopened(digestOf('another'), now + 1)).toBe(false);
    expect(reopened(image, now + 86_400_000)).toBe(false);
    expect(reopened(image, now - 1)).toBe(false);
    const bytes = readFileSync(verified);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(verified, bytes);
    expect(reopened(image, now + 1)).toBe(false);
    writeFileSync(verified, 'garbage');
    expect(reopened(image, now + 1)).toBe(false);
  });

  it('does not let a day of sweeps renew itself', () => {
    const image = digestOf('image');
    const mark = new Uint8Array(markBytes).fill(7);
    for (let hour = 0; hour < 24; hour++) {
      const set = openVerifiedFiles(verified, image, 1_000_000 + hour * 3_600_000);
      set.keep('{"mode":"0644"}', mark);
      set.save();
    }

    expect(openVerifiedFiles(verified, image, 1_000_000 + 24 * 3_600_000).verified.table.byteLength).toBe(0);
  });
});

describe('a table of marks', () => {
  it('has those it was made of, and no others', () => {
    const marks = new Uint8Array(1_000 * markBytes).map((_, index) => (index * 2_654_435_761) >>> 13);
    for (let index = 0; index < 1_000; index++) new DataView(marks.buffer).setUint32(index * markBytes, index % 10);
    const table = markTableOf(marks);

    for (let index = 0; index < 1_000; index++) {
      const mark = marks.slice(index * markBytes, (index + 1) * markBytes);
      expect(hasMark(table, mark)).toBe(true);
      mark[15]! ^= 0x80;
      expect(hasMark(table, mark)).toBe(false);
    }
  });
});
