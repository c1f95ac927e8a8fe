import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import { type Hole, type HoleReason, hiderOf } from '../shared/coverage.ts';
import { sentenceOf } from '../shared/errors.ts';
import type { Finding } from '../shared/finding.ts';
import { mayHoldIdentity } from '../shared/identity.ts';
import { isLiveSubject, liveSubjects } from '../shared/live.ts';
import { encodeRaw, type Name, rawName } from '../shared/name.ts';
import { hasLabels } from '../shared/scheme.ts';
import { type CompositionOptions, openComposition } from './check/composition.ts';
import { type LookedAgain, lookAgain } from './check/look-again.ts';
import { mountsDigest } from './check/mounts-digest.ts';
import type { Manifest } from './check/open-manifest.ts';
import { changedFiles } from './check/program-look.ts';
import { openStampFile, type StampFile } from './check/stamp-file.ts';
import { readsAt } from './collect/facts/collector.ts';
import { collectors } from './collect/facts/collectors.ts';
import { readMounts } from './collect/mounts.ts';
import { outerPath } from './collect/outer-paths.ts';
import { openPace, openTurns, type PaceLimits } from './collect/pace.ts';
import { findSilentMounts } from './collect/silent-mounts.ts';
import { openRoot } from './collect/system-path.ts';
import type { OpenState } from './open-state.ts';
import type { Check, Checker, FullSweep, QuickSweep, Sweeper } from './scan.ts';

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
  readonly known: () => Pick<OpenState, 'open' | 'holes'>;
  readonly pace?: PaceLimits | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is kept of the last look at everything. */
interface Last extends Pick<FullSweep, 'startedAt' | 'identities' | 'coverage'> {
  readonly findings: readonly Pick<Finding, 'subject' | 'name' | 'fingerprint'>[];
  readonly judgedBy: string;
  /** Milliseconds, monotonic and by the wall clock: the one stands still while a machine sleeps, the other may be set. */
  readonly at: number;
  readonly wallAt: number;
  /** The sha256 of the file: whoever writes another changes it. Undefined where none was left. */
  readonly stamps: string | undefined;
}

const dayMs = 24 * 3_600_000;
/** Of what seems to have changed, read in the agent's own thread. */
const bytesMax = 256 * 1_048_576;
/** No collector asks for it by name: only patterns match it. */
const anyName = '\x01';
/** What a look at one path can tell of again. */
const pathReasons: readonly HoleReason[] = ['unreadable', 'unstable', 'io-error', 'too-large'];

/**
 * Sweeps by what the kernel says has changed since everything was last looked at, as long as that was less than a day ago and
 * manifest, rules, pins, components and mounts are the same; else looks at everything. What a quick look cannot answer for is
 * a reason to look at everything, and never clean.
 */
export function createQuickSweeper(options: QuickSweepOptions): Sweeper {
  const { clock, log } = options;
  let last: Last | undefined;
  return async (signal, of) => {
    const judgedBy = options.judgedBy();
    if (of === 'changes' && last?.judgedBy === judgedBy && isFresh(last)) {
      const scan = await attempt(last, signal);
      if (typeof scan === 'object') return scan;
      log.info({ reason: scan }, 'everything is looked at');
    }
    last = undefined;
    const [at, wallAt] = [clock.monotonic(), clock.now()];
    const scan = await options.sweep(signal);
    const { startedAt, identities, coverage } = scan;
    const findings = scan.findings.map(({ subject, name, fingerprint }) => ({ subject, name, fingerprint }));
    const stamps = sha256Of(options.stampsFile);
    last = { startedAt, identities, coverage: { ...coverage, holes: [] }, findings, judgedBy, at, wallAt, stamps };
    return scan;
  };

  function isFresh({ at, wallAt }: Last): boolean {
    return clock.monotonic() - at < dayMs && Math.abs(clock.now() - wallAt) < dayMs;
  }

  async function attempt(last: Last, signal: AbortSignal): Promise<QuickSweep | string> {
    try {
      return await quickSweep(last, options, signal);
    } catch (error) {
      // Whatever it was, a look at everything meets it too, and tells of it.
      if (signal.aborted) throw error;
      return sentenceOf(error);
    }
  }
}

function sha256Of(stampsFile: string): string | undefined {
  try {
    const stamps = openStampFile(stampsFile);
    stamps.close();
    return stamps.sha256;
  } catch {
    return undefined;
  }
}

/** Or why it cannot be done. */
async function quickSweep(last: Last, options: QuickSweepOptions, signal: AbortSignal): Promise<QuickSweep | string> {
  const { clock, checker, machine } = options;
  const startedAt = timestamp(clock.now());
  const known = options.known();
  const doubts = doubtsOf(last, known);
  if (typeof doubts === 'string') return doubts;
  const looked = await lookAt(last, options, signal);
  if (typeof looked === 'string') return looked;
  const names = new Set([...doubts, ...looked.names]);
  const { rulebook } = options.manifest();
  // Only a look at everything makes pins, and tells what one instance has in common with another.
  const own = looked.names.find((name) => rulebook.rulingOf(rawName(name)).isPinned || mayHoldIdentity(name));
  if (own !== undefined) return `${own} has changed, which each instance writes itself`;
  const hidden = known.holes.find(
    ({ name, reason }) => reason === 'covered-by-mount' && looked.names.some((one) => isBeneath(one, name)),
  );
  if (hidden !== undefined) return `something has changed in the mount at ${hidden.name}`;
  const check = names.size === 0 ? undefined : await checker.check([...names], { bytesMax });
  if (names.size > 0 && check === undefined) return 'a check cannot answer for the changed names';
  const running = await machine?.(signal);
  if (running !== undefined && (!running.coverage.live || !running.coverage.holes.every(isOfMachine))) {
    return 'what runs could not be looked at';
  }
  const { tally, filesUnchanged } = looked.again;
  return {
    kind: 'quick-sweep',
    startedAt,
    finishedAt: timestamp(clock.now()),
    looked: [...(check?.looked ?? []), ...(running === undefined ? [] : machineScopes)],
    findings: [...(check?.findings ?? []), ...(running?.findings ?? []), ...stillRunning(known, check, running)],
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

/** Who looks at what runs reads no file: a program whose file is still not as it was baked is as it was known. */
function stillRunning(
  { open }: Pick<OpenState, 'open'>,
  check: Check | undefined,
  running: FullSweep | undefined,
): readonly Finding[] {
  if (running === undefined) return [];
  const isLooked = hiderOf((check?.looked ?? []).map((scope) => ({ ...scope, reason: 'unreadable' })));
  const standing = [...open.values()].filter(({ subject, name }) => !isLooked(subject, name));
  const changed = changedFiles([...standing, ...(check?.findings ?? [])]);
  return standing.filter(
    ({ subject, name, actual }) => subject === 'process' && actual['state'] === 'changed' && changed.has(rawName(name)),
  );
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

function isBeneath(name: Name, above: Name): boolean {
  return name === above || name.startsWith(above === '/' ? '/' : `${above}/`);
}

/**
 * The names that must be looked at again whatever their stamps say: what checks have found or cleared since everything was
 * looked at may be as it was then. Or why no such look is enough.
 */
function doubtsOf(last: Last, { open, holes }: Pick<OpenState, 'open' | 'holes'>): readonly Name[] | string {
  const names: Name[] = [];
  for (const hole of holes) {
    if (isOfMachine(hole) || hole.reason === 'covered-by-mount') continue;
    if (hole.subject !== 'file' || hole.name === '/' || !pathReasons.includes(hole.reason)) {
      return `a hole at ${hole.subject} ${hole.name}`;
    }
    names.push(hole.name);
  }
  const before = new Set(last.findings.map(({ fingerprint }) => fingerprint));
  const opened = [...open.values()].filter(({ fingerprint }) => !before.has(fingerprint));
  const cleared = last.findings.filter(({ fingerprint }) => !open.has(fingerprint));
  for (const { subject, name } of [...opened, ...cleared]) {
    if (subject === 'file') names.push(name);
    else if (!isLiveSubject(subject)) return `other facts than everything said: ${subject} ${name}`;
  }
  return names;
}

async function lookAt(
  last: Last,
  { stampsFile, root: path, manifest, components, pace, clock }: QuickSweepOptions,
  signal: AbortSignal,
): Promise<{ readonly names: readonly Name[]; readonly again: LookedAgain } | string> {
  const judged = manifest();
  // Only so that what is read leaves memory again: the limits are kept between reads, where this thread can do other work.
  const root = openRoot(path, {
    labels: hasLabels(judged.statement.predicate.scheme),
    ...(pace && { pace: openPace({}) }),
  });
  let stamps: StampFile | undefined;
  try {
    const mounts = readMounts(root.prefix);
    const digest = mountsDigest(mounts, judged.rulebook);
    if (digest === undefined) return 'a filesystem is not of this machine';
    stamps = openStampFile(stampsFile);
    const { head } = stamps;
    if (head.startedAt !== last.startedAt || stamps.sha256 !== last.stamps)
      return 'what the last sweep saw was not kept';
    const composition = await openComposition(judged, components);
    composition.close();
    if (composition.digest !== head.composition) return 'other components';
    if (digest !== head.mounts) return 'other mounts';
    const again = await lookAgain({
      ...{ root, stamps, bytesMax, pause: openTurns(pace, clock, signal) },
      leavesOut: (path, isDirectory) => {
        const { treatment } = judged.rulebook.rulingOf(path);
        return treatment === 'foreign' || (treatment === 'ignored' && !isDirectory);
      },
      saysByNames: (directory) => collectors.some((collector) => readsAt(collector, `${directory}/${anyName}`)),
    });
    if (again === undefined) return 'too much has changed';
    const silent = await findSilentMounts(root.prefix, mounts);
    const outer = head.outer.find(
      ([name, how, state]) => outerPath(root.prefix, rawName(name), { how, silent }).state !== state,
    );
    if (outer !== undefined) return `${outer[0]} has changed, where facts are read and no walk looks`;
    return { again, names: [...again.changed].map(encodeRaw) };
  } finally {
    root.close();
    stamps?.close();
  }
}
