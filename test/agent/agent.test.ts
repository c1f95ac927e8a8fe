import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Agent, type AgentLimits, createAgent } from '../../agent/agent.ts';
import { createDirtySet, type DirtySet } from '../../agent/check/dirty-set.ts';
import type { Shortage } from '../../agent/memory-watch.ts';
import { type GapLedger, openGapLedger } from '../../agent/report/gap-ledger.ts';
import { createReporter } from '../../agent/report/reporter.ts';
import { openSpool, type Spool } from '../../agent/report/spool.ts';
import type { Check, Checker, FullSweep, SweepOf } from '../../agent/scan.ts';
import type { Settled } from '../../agent/settle/settling.ts';
import type { BootCounter } from '../../agent/state/boot-counter.ts';
import type { Status } from '../../agent/status.ts';
import { noWatcher } from '../../agent/watch/watcher.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Hole } from '../../shared/coverage.ts';
import { digestOf } from '../../shared/digest.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { aCoverage, aFinding, aTime } from '../support/builders.ts';
import { aDirectory } from '../support/directory.ts';
import { until } from '../support/until.ts';

const image = { name: 'web', version: '7', digest: digestOf('web@7') };

/** What is wrong on the instance, by name. Sweeps and checks see it truly. */
let world: Map<string, Finding>;
let holes: Hole[];
let spool: Spool;
let spoolPath: string;
let gaps: GapLedger;
let dirty: DirtySet;
let agent: Agent;
let status: Status | undefined;
let sweeps: number;
let checks: string[][];
let checkAnswers: (names: readonly string[]) => Promise<Check | undefined>;
let stop: AbortController;
let running: Promise<void> | undefined;
let settled: Settled | null;
let settles: boolean;
let told: string[];
/** What the watcher was told, and what came then. */
let heard: string[];
let shortage: Shortage | undefined;

beforeEach(async () => {
  world = new Map();
  holes = [];
  spoolPath = aDirectory();
  spool = await openSpool(spoolPath);
  gaps = await openGapLedger(aDirectory(), systemClock);
  dirty = createDirtySet();
  status = undefined;
  sweeps = 0;
  checks = [];
  checkAnswers = async (names) => checkOf(names);
  stop = new AbortController();
  settled = { at: aTime, by: 'time' };
  settles = false;
  told = [];
  heard = [];
  shortage = undefined;
});
afterEach(async () => {
  stop.abort();
  await running;
});

describe('the agent', () => {
  it('begins a boot with a full report, also when all is well', async () => {
    start();

    await until(() => spool.reports === 1);

    expect(await reports()).toMatchObject([{ boot: 1, seq: 1, full: true, opened: [], part: 1, parts: 1 }]);
    await until(() => status?.verdict === 'in_sync');
  });

  it('reports what a check opens and clears, and nothing when it finds no news', async () => {
    start();
    await until(() => spool.reports === 1);

    change('/etc/passwd', aFinding({ name: '/etc/passwd' }));
    await until(() => spool.reports === 2);
    hint('/etc/passwd');
    await until(() => checks.length === 2);
    change('/etc/passwd', undefined);
    await until(() => spool.reports === 3);

    const { fingerprint } = aFinding({ name: '/etc/passwd' });
    expect(await reports()).toMatchObject([
      { seq: 1, full: true },
      { seq: 2, full: false, opened: [{ fingerprint }], cleared: [] },
      { seq: 3, full: false, opened: [], cleared: [fingerprint] },
    ]);
    await until(() => status?.verdict === 'in_sync');
  });

  it('tells of a hole that a check meets, and of its end', async () => {
    start();
    await until(() => spool.reports === 1);

    holes = [{ subject: 'file', name: '/etc/shadow', reason: 'unreadable' }];
    hint('/etc/shadow');
    await until(() => status?.verdict === 'unverifiable' && status.holes === 1);
    holes = [];
    hint('/etc/shadow');
    await until(() => status?.verdict === 'in_sync');

    expect((await reports()).map(({ coverage }) => coverage.holes.length)).toEqual([0, 1, 0]);
  });

  it('looks again by itself at what was being written to', async () => {
    start({ recheckMs: 20 });
    await until(() => spool.reports === 1);
    holes = [{ subject: 'file', name: '/var/db', reason: 'unstable' }];
    hint('/var/db');
    await until(() => status?.holes === 1);

    holes = [];

    await until(() => status?.holes === 0);
  });

  it('lets hints wait while a sweep runs', async () => {
    const sweep = Promise.withResolvers<FullSweep>();
    start({}, () => sweep.promise);
    hint('/etc/passwd');
    await until(() => sweeps === 1);
    await systemClock.sleep(50);
    expect(checks).toEqual([]);

    sweep.resolve(sweepOf());

    await until(() => checks.length === 1);
  });

  it('puts a scheduled sweep off while memory is short, says so, and not for ever', async () => {
    start({ sweepEveryMs: 200, sweepPutOffMs: 50, sweepPutOffMsMax: 60_000 });
    await until(() => sweeps === 1 && status?.lastSweep != null);
    shortage = { since: aTime, why: 'the machine waits for memory 40 % of the time' };

    await until(() => status?.memoryShortage?.sweepPutOff === true);
    expect(sweeps).toBe(1);
    shortage = undefined;

    await until(() => sweeps === 2 && status?.memoryShortage === null);
  });

  it('sweeps instead when there are more hints than it keeps', async () => {
    dirty = createDirtySet(3);
    start();
    await until(() => spool.reports === 1);

    for (const n of [1, 2, 3, 4]) hint(`/etc/${n}`);

    await until(() => sweeps === 2);
    // Nobody needs to hear of changes until the sweep begins; the first sweep finds nothing to resume.
    expect(heard).toEqual(['resume', 'pause', 'resume', 'sweep']);
  });

  it('hears of changes again where the sweep has to wait', async () => {
    dirty = createDirtySet(3);
    start({ pauseMsMax: 5, sweepGapMs: 60_000 });
    await until(() => spool.reports === 1);

    for (const n of [1, 2, 3, 4]) hint(`/etc/${n}`);

    await until(() => heard.length === 3);
    expect(heard).toEqual(['resume', 'pause', 'resume']);
    expect(sweeps).toBe(1);
  });

  it.each<[string, () => Promise<undefined>]>([
    ['is too large', async () => undefined],
    ['fails', async () => Promise.reject(new Error('EIO'))],
  ])('sweeps instead when a check %s', async (_what, answer) => {
    start();
    await until(() => spool.reports === 1);
    checkAnswers = answer;

    hint('/usr');

    await until(() => sweeps === 2);
  });

  it('sweeps when asked to', async () => {
    start();
    await until(() => spool.reports === 1);

    agent.notes.scanRequested({ type: 'scan', reason: 'requested' });

    await until(() => sweeps === 2 && spool.reports === 2);
    expect((await reports()).at(-1)).toMatchObject({ full: true, seq: 2 });
  });

  it('begins anew in a later boot when the server knows of more than it ever sent', async () => {
    start();
    await until(() => spool.reports === 1);

    await agent.notes.disagreement({ boot: 9, seq: 4 });
    change('/etc/passwd', aFinding({ name: '/etc/passwd' }));

    await until(() => spool.reports > 0);
    expect((await reports())[0]).toMatchObject({ boot: 10, seq: 1, full: true });
  });

  it('owes a full report after the spool was dropped, and sends no check before it', async () => {
    spool = await openSpool(spoolPath, { spoolBytesMax: 2_500 });
    start();
    await until(() => spool.reports === 1);

    for (let n = 0; sweeps < 2; n++) {
      change(`/etc/${n}`, aFinding({ name: `/etc/${n}` }));
      await systemClock.sleep(10);
    }

    await until(() => spool.reports >= 1);
    const [first] = await reports();
    expect(first).toMatchObject({ full: true, part: 1 });
  });

  it('sweeps as soon as boot has settled, and looks no more whether it has', async () => {
    settled = null;
    start({ bootLookMs: 5 });
    await until(() => sweeps === 1 && status?.settled === null);

    settles = true;

    await until(() => sweeps === 2 && told.length === 2);
    await until(() => status?.settled?.by === 'cloud-init');
    agent.wake();
    expect(sweeps).toBe(2);
  });

  it('stops while a sweep runs', async () => {
    start({}, (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
    await until(() => sweeps === 1);

    stop.abort();

    await running;
  });
});

function start(
  limits: Partial<AgentLimits> = {},
  sweep: (signal: AbortSignal, of: SweepOf) => Promise<FullSweep> = async () => sweepOf(),
): void {
  const log = pino({ enabled: false });
  let boot = 1;
  const counter: BootCounter = {
    get current() {
      return boot;
    },
    raise: async (floor) => {
      boot = floor + 1;
      return boot;
    },
  };
  const baseline = { image: image.digest, rules: 1 };
  const reporter = createReporter({
    baseline,
    boot: counter,
    spool,
    gaps,
    save: async () => undefined,
    clock: systemClock,
    log,
  });
  const checker: Checker = {
    check: async (names) => {
      checks.push([...names]);
      return await checkAnswers(names);
    },
  };
  agent = createAgent({
    image,
    rules: () => 1,
    offers: { note: () => undefined, follow: async () => false },
    reporter,
    spool,
    dirty,
    watcher: () => ({
      ...noWatcher,
      pause: () => void heard.push('pause'),
      resume: () => void heard.push('resume'),
    }),
    memory: { look: () => shortage },
    sweep: async (signal, of) => {
      sweeps += 1;
      if (sweeps > 1) heard.push('sweep');
      return await sweep(signal, of);
    },
    checker,
    settling: {
      get settled() {
        return settled;
      },
      pinning: undefined,
      look: async () => {
        if (settles) settled = { at: aTime, by: 'cloud-init' };
        return settles;
      },
      swept: async () => void told.push('swept'),
    },
    onTold: () => undefined,
    writeStatus: async (written) => {
      status = written;
    },
    clock: systemClock,
    log,
    limits: { settleMs: 5, sweepGapMs: 5, stormMs: 5, ...limits },
  });
  running = agent.run(stop.signal);
}

function change(name: string, finding: Finding | undefined): void {
  if (finding === undefined) world.delete(name);
  else world.set(name, finding);
  hint(name);
}

function hint(name: string): void {
  dirty.add({ name, changes: 1, isWritten: false }, systemClock.monotonic());
  agent.wake();
}

function sweepOf(): FullSweep {
  const coverage = aCoverage({ holes });
  return { kind: 'sweep', startedAt: aTime, finishedAt: aTime, findings: [...world.values()], coverage };
}

function checkOf(names: readonly string[]): Check {
  const looked = names.map((name) => ({ subject: 'file', name }));
  const findings = names.flatMap((name) => world.get(name) ?? []);
  const coverage = aCoverage({ holes: holes.filter(({ name }) => names.includes(name)) });
  return { kind: 'check', startedAt: aTime, finishedAt: aTime, looked, findings, coverage };
}

async function reports(): Promise<readonly ReportMessage[]> {
  const files = (await readdir(spoolPath)).filter((name) => name.endsWith('.json')).sort();
  return await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(spoolPath, name), 'utf8'))));
}
