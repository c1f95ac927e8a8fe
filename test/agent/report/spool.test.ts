import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openSpool, type Place } from '../../../agent/report/spool.ts';
import { aFinding } from '../../support/builders.ts';
import { aDirectory } from '../../support/directory.ts';
import { aReport } from '../../support/reports.ts';

let directory: string;
beforeEach(async () => {
  directory = aDirectory();
});

describe('the spool', () => {
  it('gives back in order what was appended before it was opened again', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 2, seq: 1 })]);
    await spool.append([aReport({ boot: 2, seq: 2 }), aReport({ boot: 2, seq: 10 })]);

    const again = await openSpool(directory);

    expect(await drain(again)).toEqual(['2-1', '2-2', '2-10']);
  });

  it('orders boots before seqs', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 9, seq: 12 })]);
    await spool.append([aReport({ boot: 10, seq: 1 })]);

    expect(await drain(await openSpool(directory))).toEqual(['9-12', '10-1']);
  });

  it('forgets up to an ack and keeps the rest', async () => {
    const spool = await openSpool(directory);
    await spool.append([1, 2, 3].map((seq) => aReport({ boot: 1, seq })));

    await spool.forget({ boot: 1, seq: 2 });

    expect(spool.reports).toBe(1);
    expect(await drain(await openSpool(directory))).toEqual(['1-3']);
  });

  it('removes what a killed agent left half-written, and leaves other files alone', async () => {
    await writeFile(join(directory, '.tmp-0123456789abcdef'), '{"type":"rep');
    await writeFile(join(directory, 'README'), 'not ours');

    const spool = await openSpool(directory);

    expect(spool.reports).toBe(0);
    expect(await readdir(directory)).toEqual(['README']);
  });

  it('does not hand out a report that is spoilt on disk', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 1, seq: 1 })]);
    await writeFile(join(directory, '000000000001-000000000001.json'), '{"type":"report"');

    expect(await spool.read({ boot: 1, seq: 1 })).toBeUndefined();
  });

  it('drops everything when a check does not fit, and says so', async () => {
    const spool = await openSpool(directory, { spoolBytesMax: 2_000 });
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    const appended = await spool.append([
      aReport({ boot: 1, seq: 2, full: false, opened: [1, 2, 3].map((n) => aFinding({ name: `/${n}` })) }),
    ]);

    expect(appended).toEqual({ fate: 'dropped', dropped: { reports: 1, gaps: [] } });
    expect([spool.reports, spool.bytes]).toEqual([0, 0]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes room for a full report, which needs nothing before it', async () => {
    const spool = await openSpool(directory, { spoolBytesMax: 1_000 });
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    const appended = await spool.append([aReport({ boot: 1, seq: 2 })]);

    expect(appended).toEqual({ fate: 'stored', dropped: { reports: 1, gaps: [] } });
    expect(spool.head()).toMatchObject({ boot: 1, seq: 2 });
  });
});

describe('a spool whose reports are made fewer', () => {
  const spooled = async () => {
    const spool = await openSpool(directory);
    for (const seq of [1, 2, 3, 4]) await spool.append([aReport({ boot: 1, seq })]);
    return spool;
  };

  it('has the new ones in the place of the first old ones, on disk too', async () => {
    const spool = await spooled();

    expect(await spool.replace([2, 3].map((seq) => aReport({ boot: 1, seq, full: false })))).toBe(true);
    await spool.append([aReport({ boot: 1, seq: 4 })]);

    expect((await spool.read({ boot: 1, seq: 3 }))!.frame).toContain('"full":false');
    expect(spool.bytes).toBe((await sizes()).reduce((sum, size) => sum + size, 0));
    expect(await drain(await openSpool(directory))).toEqual(['1-1', '1-2', '1-3', '1-4']);
  });

  it('gives no other meaning to a place that was handed out', async () => {
    const spool = await spooled();
    await spool.read({ boot: 1, seq: 2 });

    expect(await spool.replace([aReport({ boot: 1, seq: 2, full: false })])).toBe(false);
    expect(await spool.replace([aReport({ boot: 1, seq: 3, full: false })])).toBe(true);
    expect((await spool.read({ boot: 1, seq: 2 }))!.frame).toContain('"full":true');
  });

  it('gives none to what was there when it was opened, since nobody knows what was sent', async () => {
    await spooled();
    const spool = await openSpool(directory);

    expect(await spool.replace([aReport({ boot: 1, seq: 1 })])).toBe(false);
  });

  const sizes = async () =>
    Promise.all((await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size));
});

describe('what somebody put into the spool', () => {
  const name = '000000000001-000000000002.json';

  it.each([
    ['a folder', () => mkdir(join(directory, name))],
    ['a pipe', async () => void execFileSync('mkfifo', [join(directory, name)])],
    ['a link', () => symlink('/dev/zero', join(directory, name))],
    ['a file of 3 GiB', () => truncateTo(join(directory, name), 3 * 2 ** 30)],
  ])('in the place of a report is not one: %s', async (_what, put) => {
    const before = await openSpool(directory);
    await before.append([aReport({ boot: 1, seq: 1 })]);
    await put();

    const spool = await openSpool(directory);

    expect(spool.takeDamaged()).toBe(1);
    expect(await drain(spool)).toEqual(['1-1']);
    expect(await spool.append([aReport({ boot: 2, seq: 1 })])).toMatchObject({ fate: 'stored' });
  });

  it('in the place of a report while it is open keeps nobody', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 1, seq: 2 })]);
    await rm(join(directory, name));
    execFileSync('mkfifo', [join(directory, name)]);

    expect(await spool.read({ boot: 1, seq: 2 })).toBeUndefined();
    expect([spool.takeDamaged(), (await spool.clear()).reports]).toEqual([1, 1]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'not JSON'],
    ['another message', '{"type":"report"}'],
    ['zeros, as after a power cut', '\0'.repeat(4_096)],
  ])('is told as damage: %s', async (_what, content) => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 1, seq: 2 })]);
    await writeFile(join(directory, name), content);

    expect(await spool.read({ boot: 1, seq: 2 })).toBeUndefined();
    expect(spool.takeDamaged()).toBe(1);
  });
});

describe('a spool whose disk takes nothing', () => {
  it('holds what it is given in memory, after what is on disk', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 1, seq: 1 })]);
    await rename(directory, `${directory}-gone`);

    const { fate } = await spool.append([aReport({ boot: 1, seq: 2 })]);
    await rename(`${directory}-gone`, directory);

    expect([fate, spool.reports]).toEqual(['held', 2]);
    expect(spool.trouble).toContain('ENOENT');
    expect(await drain(spool)).toEqual(['1-1', '1-2']);
  });

  it('stores what it holds, in order, once the disk takes it again', async () => {
    const spool = await openSpool(directory);
    await rename(directory, `${directory}-gone`);
    await spool.append([aReport({ boot: 1, seq: 1 })]);
    await rename(`${directory}-gone`, directory);

    const { fate } = await spool.append([aReport({ boot: 1, seq: 2 })]);

    expect([fate, spool.trouble]).toEqual(['stored', null]);
    expect(await drain(await openSpool(directory))).toEqual(['1-1', '1-2']);
  });

  it('holds what is merged too, and leaves it to the next start if it can', async () => {
    const spool = await openSpool(directory);
    await rename(directory, `${directory}-gone`);
    for (const seq of [1, 2, 3]) await spool.append([aReport({ boot: 1, seq })]);

    expect(await spool.replace([aReport({ boot: 1, seq: 1 })])).toBe(true);
    await rename(`${directory}-gone`, directory);
    await spool.append([aReport({ boot: 1, seq: 2 })]);

    expect(await drain(await openSpool(directory))).toEqual(['1-1', '1-2']);
  });

  it('opens without its folder, and says why', async () => {
    const spool = await openSpool(join(directory, 'nowhere'));

    expect(spool.reports).toBe(0);
    expect(spool.trouble).toContain('ENOENT');
  });

  it('holds no more than its bound', async () => {
    const spool = await openSpool(directory, { heldBytesMax: 1_000 });
    await rm(directory, { recursive: true });
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    await expect(spool.append([aReport({ boot: 1, seq: 2 })])).rejects.toThrow('ENOENT');

    expect(spool.reports).toBe(1);
  });
});

async function drain(spool: Awaited<ReturnType<typeof openSpool>>): Promise<readonly string[]> {
  const places: string[] = [];
  for (let place = spool.head(); place !== undefined; place = spool.head()) {
    const report = JSON.parse((await spool.read(place))!.frame) as Place;
    places.push(`${report.boot}-${report.seq}`);
    await spool.forget(place);
  }
  return places;
}

async function truncateTo(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'w');
  await handle.truncate(bytes);
  await handle.close();
}
