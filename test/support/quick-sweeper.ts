import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { createChecker } from '../../agent/check/check-subjects.ts';
import { type Manifest, openManifest } from '../../agent/check/open-manifest.ts';
import { emptyState, type OpenState } from '../../agent/open-state.ts';
import { createQuickSweeper, type QuickSweepOptions } from '../../agent/quick-sweep.ts';
import { applyScan } from '../../agent/report/apply-scan.ts';
import type { FullSweep, Scan, SweepOf } from '../../agent/scan.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Report } from '../../shared/report.ts';
import type { Bakery } from './baked.ts';

/** An agent's looks at the root of a bakery, and what it knows by them. All in this process, with no watcher and no server. */
export interface QuickSweeperHarness {
  readonly sweep: (of?: SweepOf) => Promise<Scan>;
  /** As a hint is answered. */
  readonly check: (...names: readonly string[]) => Promise<void>;
  /** What is known, a line each, sorted. */
  readonly known: () => readonly string[];
  /** The same by looking at everything, and keeping nothing of it. */
  readonly truth: () => Promise<readonly string[]>;
  readonly stampsFile: string;
  /** Why everything was looked at, each time that changes were not enough. */
  readonly reasons: readonly string[];
  readonly close: () => void;
}

export function aQuickSweeper(bakery: Bakery, overrides: Partial<QuickSweepOptions> = {}): QuickSweeperHarness {
  const stateDir = join(bakery.dir, 'state');
  mkdirSync(stateDir, { recursive: true });
  const stampsFile = join(stateDir, 'stamps');
  const manifest: Manifest = openManifest(bakery.manifest, [bakery.pub]);
  const checker = createChecker({ manifest: () => manifest, root: bakery.root, clock: systemClock });
  let state: OpenState = emptyState;
  const reasons: string[] = [];
  const sweeper = createQuickSweeper({
    sweep: async () => {
      const scan = fullSweepOf(await bakery.verify(undefined, stampsFile));
      untilNextTick(join(bakery.dir, 'tick'));
      return scan;
    },
    stampsFile,
    machine: undefined,
    checker,
    root: bakery.root,
    manifest: () => manifest,
    components: { from: { directories: [] }, keys: [] },
    judgedBy: () => '',
    known: () => state,
    clock: systemClock as Clock,
    log: pino({}, { write: (line: string) => void reasons.push(JSON.parse(line).reason) }),
    ...overrides,
  });
  const apply = (scan: Scan) => {
    state = applyScan(state, scan).state;
    return scan;
  };
  return {
    sweep: async (of = 'changes') => apply(await sweeper(new AbortController().signal, of)),
    check: async (...names) => {
      const scan = await checker.check(names);
      if (scan === undefined) throw new Error(`no check of ${names}`);
      apply(scan);
    },
    known: () => linesOf(state),
    truth: async () => linesOf(applyScan(emptyState, fullSweepOf(await bakery.verify())).state),
    stampsFile,
    reasons,
    close: manifest.close,
  };
}

/** The clock of the bakery trusts what has just been written: whatever is written after this has another time. */
function untilNextTick(file: string): void {
  const now = () => {
    writeFileSync(file, '');
    return statSync(file, { bigint: true }).ctimeNs;
  };
  for (const from = now(); now() === from; );
}

function fullSweepOf({ startedAt, finishedAt, findings, coverage }: Report): FullSweep {
  return { kind: 'sweep', startedAt, finishedAt, findings, coverage };
}

function linesOf({ open, holes }: OpenState): readonly string[] {
  return [
    ...[...open.values()].map(
      ({ change, subject, name, attributes, fingerprint }) =>
        `${change} ${subject} ${name} ${attributes} ${fingerprint.slice(0, 14)}`,
    ),
    ...holes.map(({ subject, name, reason }) => `hole ${subject} ${name} ${reason}`),
  ].sort();
}
