import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agendaLimits } from '../../agent/agenda.ts';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { createDirtySet, type DirtySet } from '../../agent/check/dirty-set.ts';
import { type GapLedger, openGapLedger } from '../../agent/report/gap-ledger.ts';
import { createReporter } from '../../agent/report/reporter.ts';
import { openSpool, type Spool } from '../../agent/report/spool.ts';
import type { Status } from '../../agent/status.ts';
import { noWatcher } from '../../agent/watch/watcher.ts';
import type { Clock } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { aCoverage, aTime } from '../support/builders.ts';
import { aDirectory } from '../support/directory.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

const image = { name: 'web', version: '7', digest: digestOf('web@7') };
const { sweepEveryMs } = agendaLimits;
const dayMs = 86_400_000;
const scan = { startedAt: aTime, finishedAt: aTime, findings: [], coverage: aCoverage({}) };

let fake: FakeClock;
/** What somebody has set the wall clock ahead by. */
let setAheadMs: number;
let spool: Spool;
let gaps: GapLedger;
let dirty: DirtySet;
let agent: Agent;
let status: Status | undefined;
let sweeps: number;
let checks: string[][];
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  fake = createFakeClock();
  [setAheadMs, sweeps, checks, status] = [0, 0, [], undefined];
  spool = await openSpool(aDirectory());
  gaps = await openGapLedger(aDirectory(), fake);
  dirty = createDirtySet();
  stop = new AbortController();
  start();
  await until(() => spool.reports === 1 && status?.lastSweep !== null && status !== undefined);
});
afterEach(async () => {
  stop.abort();
  await running;
});

describe('the agent, whose clock is set', () => {
  it('back by a day, sweeps when so much time has passed as it should, and not before', async () => {
    setAheadMs = -dayMs;

    fake.advance(sweepEveryMs - 2_000);
    hint('/a');
    expect(await passesUntil(() => checks.length === 1)).toBeLessThan(1_000);
    expect(sweeps).toBe(1);

    await passesUntil(() => sweeps === 2);
    expect(fake.monotonic()).toBeGreaterThanOrEqual(sweepEveryMs);
    expect(fake.monotonic()).toBeLessThan(sweepEveryMs + 1_000);
  });

  it('ahead by a day, takes it for sleep and sweeps once', async () => {
    setAheadMs = dayMs;
    agent.wake();

    await passesUntil(() => sweeps === 2, 1_000);
    fake.advance(sweepEveryMs - 60_000);
    hint('/a');
    await passesUntil(() => checks.length === 1);
    expect(sweeps).toBe(2);
  });

  it('back and forth, looks at each hint as soon as ever', async () => {
    for (const [index, ahead] of [-dayMs, dayMs, 0, -dayMs].entries()) {
      setAheadMs = ahead;
      hint(`/${index}`);
      expect(await passesUntil(() => checks.length === index + 1)).toBeLessThan(1_000);
    }

    expect(checks.flat()).toEqual(['/0', '/1', '/2', '/3']);
  });

  it('back, writes its status as often as ever', async () => {
    setAheadMs = -dayMs;
    const isOld = () => Math.abs(Date.parse(status!.updatedAt) - (fake.now() - dayMs)) > 15_000;

    expect(await passesUntil(() => !isOld(), 500)).toBeLessThan(16_000);
  });
});

describe('the agent, which was stopped', () => {
  it('for a minute, looks once at all that was hinted at', async () => {
    for (const name of ['/a', '/b', '/c', '/a']) dirty.add({ name, changes: 1, isWritten: false }, fake.monotonic());
    fake.advance(60_000);

    await passesUntil(() => checks.length > 0);
    expect(checks).toEqual([['/a', '/b', '/c']]);
    expect(sweeps).toBe(1);
  });

  it('for longer than from ten sweeps to the next, sweeps once', async () => {
    fake.advance(10 * sweepEveryMs);

    await passesUntil(() => sweeps === 2);
    hint('/a');
    await passesUntil(() => checks.length === 1);
    expect(sweeps).toBe(2);
  });
});

/** Lets time pass until this is so; how much it was, in milliseconds. */
async function passesUntil(fact: () => boolean, stepMs = 20): Promise<number> {
  const from = fake.monotonic();
  await until(() => {
    const isFact = fact();
    if (!isFact) fake.advance(stepMs);
    return isFact;
  });
  return fake.monotonic() - from;
}

function start(): void {
  const clock: Clock = { ...fake, now: () => fake.now() + setAheadMs };
  const log = pino({ enabled: false });
  const boot = { current: 1, raise: async () => 1 };
  const reporter = createReporter({
    ...{ baseline: { image: image.digest, rules: 1 }, boot, spool, gaps, clock, log },
    save: async () => undefined,
  });
  agent = createAgent({
    ...{ image, reporter, spool, dirty, clock, log, rules: () => 1, watcher: () => noWatcher, random: () => 0.5 },
    offers: { note: () => undefined, follow: async () => false },
    sweep: async () => {
      sweeps += 1;
      return { kind: 'sweep', ...scan };
    },
    checker: {
      check: async (names) => {
        checks.push([...names]);
        return { kind: 'check', looked: names.map((name) => ({ subject: 'file', name })), ...scan };
      },
    },
    settling: {
      settled: { at: aTime, by: 'time' },
      ...{ pinning: undefined, look: async () => false, swept: async () => undefined },
    },
    onTold: () => undefined,
    writeStatus: async (written) => {
      status = written;
    },
  });
  running = agent.run(stop.signal);
}

function hint(name: string): void {
  dirty.add({ name, changes: 1, isWritten: false }, fake.monotonic());
  agent.wake();
}
