import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { summaryOf } from '../../agent/check/verify.ts';
import { linesOf } from '../../agent/report/report-lines.ts';
import { createSweepChild, type SweepChildOptions, type SweepLimits } from '../../agent/sweep-child.ts';
import { systemClock } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import type { Report } from '../../shared/report.ts';
import { aCoverage, aFinding, aTime } from '../support/builders.ts';
import { aDirectory } from '../support/directory.ts';
import { until } from '../support/until.ts';

const image = { name: 'web', version: '7', digest: digestOf('web@7') };
const everything = { subject: 'manifest', name: '/m', reason: 'io-error' };
const manifestHole = { subject: 'manifest', name: '/m', reason: 'not-a-manifest' };

let directory: string;
beforeEach(async () => {
  directory = aDirectory();
});

describe('a sweep in a child', () => {
  it.each([0, 1, 3])('is what the child reports when it ends with %d', async (code) => {
    const finding = aFinding();

    const scan = await sweep(says(aVerifyReport({ findings: [finding] }), code));

    expect(scan).toMatchObject({ kind: 'sweep', startedAt: aTime, findings: [finding] });
    expect(scan.coverage.holes).toEqual([]);
  });

  it.each([
    ['ends with a usage error', 'process.exit(2)'],
    ['is killed', 'process.kill(process.pid, "SIGKILL")'],
    ['says nothing', ''],
    ['says what is not JSON', 'console.log("{")'],
    ['says what is not a report', 'console.log("{}")'],
    ['says something after its report', `${says(aVerifyReport(), 0)}; console.log("more")`],
    ['says fewer findings than it counted', says(aVerifyReport({ summary: { added: 1, removed: 0, modified: 0 } }), 1)],
    ['stops within a finding', `${says(aVerifyReport(), 1)}; process.stdout.write('{"fingerprint":')`],
    ['hangs', 'setInterval(() => {}, 1000)'],
    ['never stops talking', 'for (;;) process.stdout.write("x".repeat(65536))'],
  ])('is a hole over everything when the child %s', async (_what, script) => {
    const scan = await sweep(script, { sweepMsMax: 3_000, sweepReportBytesMax: 1_048_576 });

    expect(scan.findings).toEqual([]);
    expect(scan.coverage.holes).toEqual([everything]);
    expect(scan.finishedAt >= scan.startedAt).toBe(true);
  });

  it('is a hole over everything when the child cannot be started', async () => {
    const scan = await sweep('', {}, '/nonexistent/pristine.js');

    expect(scan.coverage.holes).toEqual([everything]);
  });

  it('is a hole that says so when the child needs more memory than it may', async () => {
    const script = 'const kept = []; for (;;) kept.push(Array(10_000).fill(kept.length))';

    const scan = await sweep(script, {}, undefined, undefined, { sweepHeapMax: '64M' });

    expect(scan.coverage.holes).toEqual([{ ...everything, reason: 'out-of-memory' }]);
  });

  it('is the same hole when a thread of the child ran out', async () => {
    const message = 'Worker terminated due to reaching memory limit: JS heap out of memory';
    const error = { code: 'INTERNAL' as const, message };

    const scan = await sweep(says(aVerifyReport({ image: null, rules: null, error }), 3));

    expect(scan.coverage.holes).toEqual([{ ...everything, reason: 'out-of-memory' }]);
  });

  it('keeps the hole of a manifest that could not be opened', async () => {
    const hole = { subject: 'manifest', name: '/m', reason: 'bad-signature' as const };
    const error = { code: 'SIGNATURE', message: 'expected 1 good signature' };

    const scan = await sweep(
      says(aVerifyReport({ image: null, rules: null, error, coverage: aCoverage({ holes: [hole] }) }), 3),
    );

    expect(scan.coverage.holes).toEqual([hole]);
  });

  it('never takes a report without an image for a clean one', async () => {
    const scan = await sweep(says(aVerifyReport({ image: null, rules: null }), 0));

    expect(scan.coverage.holes).toEqual([manifestHole]);
  });

  it.each([
    ['another image', { image: { ...image, digest: digestOf('web@8') } }],
    ['other rules', { rules: 2 }],
  ])('does not pass on what was compared with %s than the server was told of', async (_what, other) => {
    const scan = await sweep(says(aVerifyReport({ ...other, findings: [aFinding()] }), 1));

    expect(scan.findings).toEqual([]);
    expect(scan.coverage.holes).toEqual([manifestHole]);
  });

  it.each([
    [
      'is a hole of an agent that should see what runs',
      ...['/', false, [{ subject: 'process', name: '/proc', reason: 'unreadable' }]],
    ],
    ['is none where it was looked at', '/', true, []],
    ['is none of an agent of a directory', '/srv', false, []],
  ] as const)('that saw no processes %s', async (_what, root, live, holes) => {
    const report = aVerifyReport({ coverage: aCoverage({ live }) });

    const scan = await sweep(says(report, 0), {}, undefined, undefined, { root });

    expect(scan.coverage.holes).toEqual(holes);
  });

  it('does not end before it began when the clock was set back', async () => {
    const scan = await sweep(says(aVerifyReport({ finishedAt: '2020-01-01T00:00:00.000Z' }), 0));

    expect(scan.finishedAt).toBe(scan.startedAt);
  });

  it('gives its child nothing of our environment', async () => {
    process.env['PRISTINE_TEST_SECRET'] = 'x';
    const seen = join(directory, 'env');

    await sweep(
      `require("fs").writeFileSync(${JSON.stringify(seen)}, JSON.stringify(process.env)); ${says(aVerifyReport(), 0)}`,
    );

    expect(JSON.parse(await readFile(seen, 'utf8'))).toEqual({});
    delete process.env['PRISTINE_TEST_SECRET'];
  });

  it.each([
    ['nothing of pins before boot has settled', { pinning: () => undefined }, []],
    [
      'to make pins',
      { pinning: () => ({ file: '/s/pins.json', makes: true }) },
      ['--pins', '/s/pins.json', '--make-pins'],
    ],
    ['where the pins are', { pinning: () => ({ file: '/s/pins.json', makes: false }) }, ['--pins', '/s/pins.json']],
    ['where to leave what it saw', { stampsFile: '/s/stamps' }, ['--stamps', '/s/stamps']],
    ['to look at nothing but what runs', { machineOnly: true }, ['--machine']],
    ['to let others go before it', { lowPriority: true }, ['--low-priority']],
    ['where components are', { components: '/c' }, ['--components', '/c']],
    ['no limit where there is none', { sweepBytesPerSecondMax: 'none', sweepCpuShareMax: 'none' }, []],
    ['how fast to read', { sweepBytesPerSecondMax: '50M' }, ['--max-bytes-per-second', '50M']],
    ['how much of a core to use', { sweepCpuShareMax: '25%' }, ['--max-cpu', '25%']],
  ])('tells its child %s', async (_what, overrides, told) => {
    const seen = join(directory, 'arguments');
    const script = `require("fs").writeFileSync(${JSON.stringify(seen)}, JSON.stringify(process.argv)); ${says(aVerifyReport(), 0)}`;

    await sweep(script, {}, undefined, undefined, overrides);

    const given: string[] = JSON.parse(await readFile(seen, 'utf8'));
    expect(given.slice(given.indexOf('--pub') + 2)).toEqual(told);
  });

  it('ends its child when it is stopped', async () => {
    const stop = new AbortController();
    const pidFile = join(directory, 'pid');
    const script = `require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`;
    const sweeping = sweep(script, {}, undefined, stop.signal);
    const failed = expect(sweeping).rejects.toThrow();
    await until(async () => (await readFile(pidFile, 'utf8').catch(() => '')) !== '');
    const pid = Number(await readFile(pidFile, 'utf8'));

    stop.abort();

    await failed;
    await until(() => !isAlive(pid));
  });
});

async function sweep(
  script: string,
  limits: Partial<SweepLimits> = {},
  entry?: string,
  signal = new AbortController().signal,
  overrides: Partial<SweepChildOptions> = {},
) {
  const file = join(directory, 'verify.cjs');
  await writeFile(file, script);
  const baseline = { image: image.digest, rules: 1 };
  const log = pino({ enabled: false });
  const options = {
    entry: entry ?? file,
    root: '/srv/root',
    manifest: '/m',
    pub: '/p',
    judged: () => ({ baseline }),
    clock: systemClock,
    log,
    limits,
    ...overrides,
  };
  return await createSweepChild(options)(signal);
}

function says(report: Report, code: number): string {
  return `process.exitCode = ${code}; process.stdout.write(${JSON.stringify([...linesOf(report)].join(''))})`;
}

function aVerifyReport(overrides: Partial<Report> = {}): Report {
  return {
    schema: 'pristine.report/1',
    image,
    rules: 1,
    root: '/',
    startedAt: aTime,
    finishedAt: aTime,
    verdict: 'in_sync',
    coverage: aCoverage(),
    findings: [],
    summary: summaryOf(overrides.findings ?? []),
    ...overrides,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
