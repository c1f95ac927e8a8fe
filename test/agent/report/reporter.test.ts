import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { openGapLedger } from '../../../agent/report/gap-ledger.ts';
import { createReporter, type Reporter, type ReporterLimits } from '../../../agent/report/reporter.ts';
import { openSpool, type Spool } from '../../../agent/report/spool.ts';
import { openBootCounter } from '../../../agent/state/boot-counter.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { stateDigest } from '../../../shared/state-digest.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { aDirectory, aDirectoryInMemory } from '../../support/directory.ts';
import { baseline, check, sweep } from '../../support/scan-rows.ts';

let directory: string;
let spool: Spool;
let reporter: Reporter;
beforeEach(async () => {
  directory = aDirectory();
  await start({ untoldScansMax: 4 });
});

describe('a reporter whom no server hears', () => {
  it('spools as many reports as there are subjects to tell of, and counts what is merged', async () => {
    await reporter.tell(sweep([]));

    for (let n = 0; n < 500; n++) await reporter.tell(check(['/a'], [version(n)]));

    expect(spool.reports).toBeLessThanOrEqual(7);
    const reports = await spooled();
    expect(reports.map(({ seq }) => seq)).toEqual(reports.map((_, index) => index + 1));
    expect(reports[0]).toMatchObject({ full: true });
    const told = reports.flatMap(({ spool: note }) => note?.gaps ?? []).reduce((sum, gap) => sum + gap.reports, 0);
    expect(told + reports.filter(({ spool: note, full }) => note === undefined && !full).length).toBe(500);
    expect(reporter.history.merged).toBeGreaterThan(480);
  });

  it('goes on after the merged ones without a gap, also when one was sent meanwhile', async () => {
    await reporter.tell(sweep([]));
    await reporter.tell(check(['/a'], [version(0)]));
    await spool.read({ boot: 1, seq: 2 });

    for (let n = 1; n < 20; n++) await reporter.tell(check(['/a'], [version(n)]));

    const reports = await spooled();
    expect(reports.map(({ seq }) => seq)).toEqual(reports.map((_, index) => index + 1));
    expect(reports[1]).toMatchObject({ opened: [{ fingerprint: version(0).fingerprint }] });
    expect(reporter.lastPlace()).toEqual({ boot: 1, seq: reports.length });
  });

  it('keeps one of several large sweeps, and does not write it again for the checks after it', async () => {
    const findings = Array.from({ length: 1_200 }, (_, n) => aFinding({ name: `/${n}` }));
    directory = aDirectory();
    await start({ untoldScansMax: 4, untoldBytesMax: 10_000 });

    for (let n = 0; n < 5; n++) await reporter.tell(sweep(findings));

    const reports = await spooled();
    expect(reports.length).toBeLessThanOrEqual(4);
    expect(reports.slice(0, 3)).toMatchObject([1, 2, 3].map((part) => ({ part, parts: 3, full: true })));
    expect(reporter.history.lost).toBe(0);
    const written = await inode('000000000001-000000000001.json');
    for (let n = 0; n < 20; n++) await reporter.tell(check(['/a'], [version(n)]));
    expect(reporter.history.merged).toBeGreaterThan(10);
    expect(await inode('000000000001-000000000001.json')).toBe(written);
  });

  it('tells of a hundred thousand findings in parts, and then of one as quickly as of any', {
    timeout: 120_000,
  }, async () => {
    directory = aDirectoryInMemory();
    await start();
    const findings = Array.from({ length: 100_000 }, (_, n) => aFinding({ name: `/srv/${n}` }));

    expect(await reporter.tell(sweep(findings))).toBe('told');
    expect(await reporter.tell(sweep(findings))).toBe('told');
    expect(await reporter.tell(check(['/srv/7'], []))).toBe('told');
    const reports = await spooled();
    expect(reports.filter(({ full }) => full).map(({ part, parts }) => [part, parts])).toEqual(
      Array.from({ length: 200 }, (_, index) => [index + 1, 200]),
    );
    expect(reports.at(-1)).toMatchObject({ full: false, opened: [], cleared: [findings[7]!.fingerprint] });
    expect(reports.at(-1)!.stateDigest).toBe(
      stateDigest({
        ...{ manifest: baseline.image, rules: baseline.rules },
        fingerprints: findings.filter((_, n) => n !== 7).map(({ fingerprint }) => fingerprint),
        holes: [],
      }),
    );
  });

  it('merges nothing across other rules', async () => {
    await reporter.tell(sweep([]));
    for (let n = 0; n < 3; n++) await reporter.tell(check(['/a'], [version(n)]));

    reporter.judgeBy(2);
    await reporter.tell(sweep([]));
    for (let n = 0; n < 9; n++) await reporter.tell(check(['/a'], [version(n)]));

    expect((await spooled()).map(({ rules }) => rules)).toEqual(expect.arrayContaining([1, 1, 1, 1, 2]));
  });

  it('tells in the next report what was lost, and why, also after a crash', async () => {
    await reporter.tell(sweep([]));
    await reporter.tell(check(['/a'], [version(1)]));
    await reporter.beginAnew(null);
    expect(reporter.history.lost).toBe(2);

    await start();
    await reporter.tell(sweep([version(1)]));
    await reporter.tell(check(['/a'], []));

    expect((await spooled()).map(({ spool: note }) => note)).toMatchObject([
      { trouble: null, gaps: [{ reason: 'disagreement', reports: 2 }] },
      undefined,
    ]);
  });

  it('tells that spooled reports could not be read', async () => {
    await reporter.tell(sweep([]));
    await writeFile(join(directory, 'spool', (await readdir(join(directory, 'spool')))[0]!), '');
    await spool.read({ boot: 1, seq: 1 });

    await reporter.beginAnew(null);
    await reporter.tell(sweep([]));

    expect((await spooled())[0]!.spool?.gaps).toMatchObject([{ reason: 'unreadable', reports: 1 }]);
  });

  it('tells what went with a full spool, and what that would have told', async () => {
    await start({ untoldScansMax: 4 }, 6_000);
    await reporter.tell(sweep([]));
    for (let n = 0; n < 12; n++) await reporter.tell(check(['/a'], [version(n)]));
    const many = Array.from({ length: 12 }, (_, n) => aFinding({ name: `/many/${n}` }));

    expect(await reporter.tell(check(['/many'], many))).toBe('owed');
    await reporter.tell(sweep(many.slice(0, 2)));

    const [report] = await spooled();
    expect(report!.spool?.gaps.map(({ reason }) => reason).sort()).toEqual(['merged', 'spool-full']);
  });

  it('never tells of a scan that ended before it began, however the clock was set', async () => {
    await reporter.tell({ ...sweep([]), startedAt: '2036-01-01T00:00:00.000Z', finishedAt: aTime });

    const [report] = await spooled();
    expect(report!.finishedAt >= report!.startedAt).toBe(true);
  });
});

function version(n: number) {
  return aFinding({ name: '/a', actual: { content: `v${n}` } });
}

async function start(limits: Partial<ReporterLimits> = {}, spoolBytesMax?: number): Promise<void> {
  const spoolPath = join(directory, 'spool');
  await mkdir(spoolPath, { recursive: true });
  spool = await openSpool(spoolPath, spoolBytesMax === undefined ? {} : { spoolBytesMax });
  reporter = createReporter({
    ...{ baseline, spool, limits, clock: systemClock, log: pino({ level: 'silent' }) },
    boot: await openBootCounter(directory),
    gaps: await openGapLedger(directory, systemClock),
    save: async () => undefined,
  });
}

async function inode(name: string): Promise<number> {
  return (await stat(join(directory, 'spool', name))).ino;
}

async function spooled(): Promise<ReportMessage[]> {
  const path = join(directory, 'spool');
  const names = (await readdir(path)).filter((name) => /^\d/.test(name)).sort();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(path, name), 'utf8')) as ReportMessage));
}
