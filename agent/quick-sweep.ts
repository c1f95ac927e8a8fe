import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import type { Hole } from '../shared/coverage.ts';
import { sentenceOf } from '../shared/errors.ts';
import type { Finding } from '../shared/finding.ts';
import { isLiveSubject, liveSubjects } from '../shared/live.ts';
import { encodeRaw, type Name, rawName } from '../shared/name.ts';
import { isWrittenByInstance } from '../shared/rules.ts';
import { hasLabels } from '../shared/scheme.ts';
import { type CompositionOptions, openComposition } from './check/composition.ts';
import { type LookedAgain, lookAgain } from './check/look-again.ts';
import type { Manifest } from './check/open-manifest.ts';
import { openStampFile, type StampsHead } from './check/stamp-file.ts';
import { mountsDigest, outerPaths } from './check/trust.ts';
import { readMounts } from './collect/mounts.ts';
import { openPace, type PaceLimits } from './collect/pace.ts';
import { findSilentMounts, type SilentMounts } from './collect/silent-mounts.ts';
import { openRoot, type RootPrefix } from './collect/system-path.ts';
import type { Checker, FullSweep, QuickSweep, Sweeper } from './scan.ts';

export interface QuickSweepOptions {
  /** Looks at everything, and leaves what it saw in the file. */
  readonly sweep: (signal: AbortSignal) => Promise<FullSweep>;
  readonly stampsFile: string;
  /** What runs, where the root is that of the machine. */
  readonly machine: ((signal: AbortSignal) => Promise<FullSweep>) | undefined;
  readonly checker: Checker;
  readonly root: string;
  readonly manifest: () => Manifest;
  readonly components: CompositionOptions;
  /** One text for all that a sweep compares with beside the manifest: rules and pins. */
  readonly judgedBy: () => string;
  /** What is known now. */
  readonly known: () => Known;
  readonly pace?: PaceLimits | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Known {
  readonly findings: readonly Finding[];
  readonly holes: readonly Hole[];
}

/** The last look at everything. */
interface Last {
  readonly scan: FullSweep;
  readonly judgedBy: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

const dayMs = 24 * 3_600_000;
const namesMax = 4_096;

/**
 * Sweeps by what the kernel says has changed since everything was last looked at, as long as that is no more than a day ago
 * and nothing else is another; else looks at everything. It takes what a quick look cannot answer for as a reason to look at
 * everything, never as clean.
 */
export function createQuickSweeper(options: QuickSweepOptions): Sweeper {
  const { clock, log } = options;
  let last: Last | undefined;
  return async (signal, reach) => {
    const judgedBy = options.judgedBy();
    if (reach === 'changes' && last?.judgedBy === judgedBy && clock.monotonic() - last.at < dayMs) {
      const scan = await attempt(last, signal);
      if (typeof scan === 'object') return scan;
      log.info({ reason: scan }, 'everything is looked at');
    }
    last = undefined;
    const at = clock.monotonic();
    const scan = await options.sweep(signal);
    last = { scan, judgedBy, at };
    return scan;
  };

  async function attempt(last: Last, signal: AbortSignal): Promise<QuickSweep | string> {
    try {
      return await quickSweep(last.scan, options, signal);
    } catch (error) {
      // Whatever it was, a look at everything meets it too, and tells of it.
      if (signal.aborted) throw error;
      return sentenceOf(error);
    }
  }
}

/** Or why it cannot be done. */
async function quickSweep(
  last: FullSweep,
  options: QuickSweepOptions,
  signal: AbortSignal,
): Promise<QuickSweep | string> {
  const { clock, checker, machine } = options;
  const startedAt = timestamp(clock.now());
  const known = options.known();
  const doubts = doubtsOf(last, known);
  if (typeof doubts === 'string') return doubts;
  const looked = await lookAt(last, options, signal);
  if (typeof looked === 'string') return looked;
  const names = new Set([...doubts, ...looked.names]);
  if (names.size > namesMax) return 'too much has changed';
  const { rulebook } = options.manifest();
  const own = looked.names.find((name) => isWrittenByInstance(rulebook.rulingOf(rawName(name)).treatment));
  if (own !== undefined) return `${own} has changed, which each instance writes itself`;
  const check = names.size === 0 ? undefined : await checker.check([...names]);
  if (names.size > 0 && check === undefined) return 'a check cannot answer for the changed names';
  const running = await machine?.(signal);
  if (running?.coverage.holes.some((hole) => !isOfMachine(hole))) return 'what runs could not be looked at';
  const { tally, filesUnchanged } = looked.again;
  return {
    kind: 'quick-sweep',
    startedAt,
    finishedAt: timestamp(clock.now()),
    looked: [...(check?.looked ?? []), ...(running === undefined ? [] : machineScopes)],
    findings: [...(check?.findings ?? []), ...(running?.findings ?? [])],
    identities: last.identities,
    coverage: {
      ...last.coverage,
      filesHashed: tally.filesHashed + (check?.coverage.filesHashed ?? 0),
      bytesHashed: tally.bytesHashed + (check?.coverage.bytesHashed ?? 0),
      filesUnchanged,
      holes: [...(check?.coverage.holes ?? []), ...(running?.coverage.holes ?? [])],
    },
  };
}

/** The hole of a mount namespace of our own is found by whoever looks at the machine. */
const namespaceName = '/proc/self/ns/mnt';
const machineScopes = [
  ...liveSubjects.map((subject) => ({ subject, name: '/' })),
  { subject: 'file', name: namespaceName },
];

function isOfMachine({ subject, name }: Hole): boolean {
  return isLiveSubject(subject) || (subject === 'file' && name === namespaceName);
}

/**
 * The names that must be looked at again whatever their stamps say: what checks have found or cleared since may be
 * otherwise again. Or why no such look is enough.
 */
function doubtsOf(last: FullSweep, { findings, holes }: Known): readonly Name[] | string {
  const names: Name[] = [];
  for (const hole of holes) {
    if (isOfMachine(hole) || hole.reason === 'covered-by-mount') continue;
    if (hole.subject !== 'file' || hole.name === '/') return `a hole at ${hole.subject} ${hole.name}`;
    names.push(hole.name);
  }
  for (const { subject, name } of [...findings, ...last.findings]) if (subject === 'file') names.push(name);
  const facts = (some: readonly Finding[]) =>
    some
      .filter(({ subject }) => subject !== 'file' && !isLiveSubject(subject))
      .map(({ fingerprint }) => fingerprint)
      .sort();
  if (facts(findings).join() !== facts(last.findings).join()) return 'other facts than those of the last sweep';
  return names;
}

async function lookAt(
  last: FullSweep,
  { stampsFile, root: path, manifest, components, pace, clock }: QuickSweepOptions,
  signal: AbortSignal,
): Promise<{ readonly names: readonly Name[]; readonly again: LookedAgain } | string> {
  const judged = manifest();
  const stamps = openStampFile(stampsFile);
  const root = openRoot(path, {
    labels: hasLabels(judged.statement.predicate.scheme),
    // At the pace of nobody: it is this thread's event loop that must not stand still. What came into memory goes out again.
    ...(pace && { pace: openPace({}) }),
  });
  try {
    const { head } = stamps;
    if (head.startedAt !== last.startedAt) return 'what the last sweep saw was not kept';
    const composition = await openComposition(judged, components);
    composition.close();
    if (composition.digest !== head.composition) return 'other components';
    const mounts = readMounts(root.prefix);
    if (mountsDigest(mounts, judged.rulebook) !== head.mounts) return 'other mounts';
    const again = await lookAgain({ root, stamps, pause: openPause(pace, clock, signal) });
    if (again === undefined) return 'too much has changed';
    const silent = await findSilentMounts(root.prefix, mounts);
    return { again, names: [...[...again.changed].map(encodeRaw), ...changedOuter(head, root.prefix, silent)] };
  } finally {
    root.close();
    stamps.close();
  }
}

function changedOuter({ outer }: StampsHead, prefix: RootPrefix, silent: SilentMounts): readonly Name[] {
  const paths = outer.map(([name]) => rawName(name));
  const now = new Map(outerPaths(prefix, silent, paths, () => true));
  return outer.filter(([name, state]) => now.get(name) !== state).map(([name]) => name);
}

/** Lets others work, and no more bytes be read or CPU be used than the limits allow. */
function openPause(pace: PaceLimits | undefined, clock: Clock, signal: AbortSignal) {
  let from = clock.monotonic();
  let cpu = process.cpuUsage();
  return async (bytes: number) => {
    const { user, system } = process.cpuUsage(cpu);
    const byCpu = pace?.cpuShareMax === undefined ? 0 : (user + system) / 1_000 / pace.cpuShareMax;
    const byBytes = pace?.bytesPerSecondMax === undefined ? 0 : (bytes / pace.bytesPerSecondMax) * 1_000;
    await clock.sleep(Math.max(0, from + Math.max(byCpu, byBytes) - clock.monotonic()), signal);
    from = clock.monotonic();
    cpu = process.cpuUsage();
  };
}
