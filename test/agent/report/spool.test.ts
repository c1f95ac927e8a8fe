import { readdir, rename, rm, writeFile } from 'node:fs/promises';
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

    const fate = await spool.append([
      aReport({ boot: 1, seq: 2, full: false, opened: [1, 2, 3].map((n) => aFinding({ name: `/${n}` })) }),
    ]);

    expect(fate).toBe('dropped');
    expect([spool.reports, spool.bytes]).toEqual([0, 0]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes room for a full report, which needs nothing before it', async () => {
    const spool = await openSpool(directory, { spoolBytesMax: 1_000 });
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    const fate = await spool.append([aReport({ boot: 1, seq: 2 })]);

    expect(fate).toBe('stored');
    expect(spool.head()).toMatchObject({ boot: 1, seq: 2 });
  });
});

describe('a spool whose disk takes nothing', () => {
  it('holds what it is given in memory, after what is on disk', async () => {
    const spool = await openSpool(directory);
    await spool.append([aReport({ boot: 1, seq: 1 })]);
    await rename(directory, `${directory}-gone`);

    const fate = await spool.append([aReport({ boot: 1, seq: 2 })]);
    await rename(`${directory}-gone`, directory);

    expect([fate, spool.reports]).toEqual(['held', 2]);
    expect(await drain(spool)).toEqual(['1-1', '1-2']);
  });

  it('holds no more than its bound', async () => {
    const spool = await openSpool(directory, { heldBytesMax: 1_000 });
    await rm(directory, { recursive: true });
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    await expect(spool.append([aReport({ boot: 1, seq: 2 })])).rejects.toMatchObject({ code: 'ENOENT' });

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
