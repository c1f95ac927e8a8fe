import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { type ConnectionState, createConnection } from '../../agent/report/connection.ts';
import { openGapLedger } from '../../agent/report/gap-ledger.ts';
import { createReporter, type Reporter, type ReporterLimits } from '../../agent/report/reporter.ts';
import { createServerTrust } from '../../agent/report/server-trust.ts';
import { openSpool, type Spool } from '../../agent/report/spool.ts';
import { createTurns } from '../../agent/report/turns.ts';
import type { Scan } from '../../agent/scan.ts';
import { loadIdentity } from '../../agent/state/identity.ts';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { emptyCoverage } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import { aFinding, anImageDigest } from './builders.ts';
import type { Random } from './random.ts';

/** The agent's reporter, spool and connection over a machine that is only a list of what is wrong with it. */
export interface ChurningAgent {
  readonly publicKey: string;
  readonly reporter: Reporter;
  readonly spool: Spool;
  readonly connection: ConnectionState;
  /** Virtual times of each welcome. */
  readonly welcomes: readonly number[];
  /** The most that was ever spooled. */
  readonly peak: { reports: number; bytes: number };
  /** Scans that had something to tell. */
  readonly told: number;
  /** What is wrong now: fingerprints, sorted. */
  truth(): readonly string[];
  /** Changes so many files, each to something else or back, and looks at them. */
  churn(files: number): Promise<void>;
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

export interface ChurningAgentOptions {
  readonly directory: string;
  readonly url: string;
  readonly joinToken: string;
  /** Of the machine. */
  readonly files: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Partial<ReporterLimits>;
}

export async function aChurningAgent(options: ChurningAgentOptions): Promise<ChurningAgent> {
  const { directory, url, joinToken, files, clock, random } = options;
  const log = pino({ level: 'silent' });
  mkdirSync(join(directory, 'spool'), { recursive: true });
  const identity = await loadIdentity(directory);
  const spool = await openSpool(join(directory, 'spool'));
  let boot = 1;
  const reporter = createReporter({
    ...{ spool, clock, log, baseline: { image: anImageDigest, rules: 1 }, limits: options.limits },
    gaps: await openGapLedger(directory, clock),
    boot: {
      get current() {
        return boot;
      },
      raise: async (floor) => {
        boot = Math.max(boot, floor) + 1;
        return boot;
      },
    },
    save: async () => undefined,
  });
  const turns = createTurns();
  const wrong = new Map<string, Finding>();
  const welcomes: number[] = [];
  const peak = { reports: 0, bytes: 0 };
  const stopping = new AbortController();
  let state: ConnectionState = 'connecting';
  let told = 0;

  const connection = createConnection({
    ...{ url, identity, spool, clock, log, lastPlace: reporter.lastPlace, random: random.next },
    trust: createServerTrust(undefined),
    hello: async () => ({
      ...{ boot, image: anImageDigest, rules: 1, agentVersion: '0.1.0', facts: { hostname: 'churning' } },
      enrolment: { by: 'token', token: joinToken },
    }),
    notes: {
      state: (next) => {
        state = next;
      },
      welcome: () => welcomes.push(clock.monotonic()),
      acked: () => undefined,
      scanRequested: () => void sweep(),
      rulesOffered: () => undefined,
      disagreement: async (acked) => {
        await turns.take(() => reporter.beginAnew(acked));
        await sweep();
      },
    },
  });
  const connected = connection.run(stopping.signal);

  return {
    publicKey: identity.prove('').publicKey,
    ...{ reporter, spool, welcomes, peak, sweep },
    get connection() {
      return state;
    },
    get told() {
      return told;
    },
    truth: () => [...wrong.values()].map(({ fingerprint }) => fingerprint).sort(),
    churn: (count) =>
      turns.take(async () => {
        const names = new Set(Array.from({ length: count }, () => `/srv/f${random.below(files)}`));
        for (const name of names) change(name);
        const findings = [...names].flatMap((name) => wrong.get(name) ?? []);
        const looked = [...names].map((name) => ({ subject: 'file', name }));
        await tell({ kind: 'check', ...measured(findings), looked });
      }),
    async stop() {
      stopping.abort();
      await connected;
    },
  };

  function change(name: string): void {
    if (random.below(4) === 0) wrong.delete(name);
    else {
      const severity = random.pick(['low', 'medium', 'high'] as const);
      wrong.set(name, aFinding({ name, severity, actual: { content: `${random.below(1e9)}` } }));
    }
  }

  function sweep(): Promise<void> {
    return turns.take(() => tell({ kind: 'sweep', ...measured([...wrong.values()]) }));
  }

  function measured(findings: readonly Finding[]) {
    const now = timestamp(clock.now());
    return { startedAt: now, finishedAt: now, findings, coverage: emptyCoverage };
  }

  async function tell(scan: Scan): Promise<void> {
    const telling = await reporter.tell(scan);
    if (telling === 'owed' || telling === 'too-large') throw new Error(`expected a scan to be told, got ${telling}`);
    if (telling === 'told') told += 1;
    peak.reports = Math.max(peak.reports, spool.reports);
    peak.bytes = Math.max(peak.bytes, spool.bytes);
    connection.wake();
  }
}
