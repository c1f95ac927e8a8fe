import type { KeyObject } from 'node:crypto';
import { groupFindings, type PackageGroup } from '../../shared/attribution.ts';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { type Coverage, emptyCoverage } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Identity } from '../../shared/identity.ts';
import { rawName } from '../../shared/name.ts';
import { foldRelabels, type Relabel } from '../../shared/relabel.ts';
import type { Report } from '../../shared/report.ts';
import type { RulesPredicate } from '../../shared/rules.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { decideVerdict } from '../../shared/verdict.ts';
import { collectFacts } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { keepHeapSmall } from '../collect/heap.ts';
import { readMachine } from '../collect/live/machine.ts';
import { readMounts } from '../collect/mounts.ts';
import { newTally } from '../collect/observe.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { openOuterPaths } from '../collect/outer-paths.ts';
import { openPace, type PaceLimits } from '../collect/pace.ts';
import { attributeFiles } from '../collect/packages/attribute-files.ts';
import { type RootPrefix, rootPrefix } from '../collect/system-path.ts';
import type { Platform } from '../image/platform-choice.ts';
import { openRootView, type RootView } from '../image/root-view.ts';
import { tooMany } from '../report/apply-scan.ts';
import type { FindingLimits } from '../report/place-findings.ts';
import { attachDiffs } from '../texts/attach-diffs.ts';
import { compareFacts, compareFiles } from './compare-streams.ts';
import { type ComponentSource, type Composition, openComposition } from './composition.ts';
import { checkStoredDigest } from './digest.ts';
import { openCursor } from './entry-cursor.ts';
import { openFindingList } from './finding-list.ts';
import { openHoleList } from './hole-list.ts';
import { openIdentityList } from './identities.ts';
import { openJudge, type Witness } from './judge.ts';
import { keeping, telling } from './leave-stamps.ts';
import { type LiveLook, openLiveLook } from './live-look.ts';
import { isTimed, mountsDigest } from './mounts-digest.ts';
import { withoutMoved } from './moved-mounts.ts';
import { type Manifest, openJudged } from './open-manifest.ts';
import { noPinning, openPinning, type PinningOptions } from './pinning.ts';
import { changedFiles } from './program-look.ts';
import { openStampWriter, type StampWriter } from './stamp-file.ts';
import { isFileLine, nameIn } from './unparsed-line.ts';
import { verifyScope } from './verify-scope.ts';

export interface VerifyOptions {
  /** A directory, or an image that is not unpacked. */
  readonly root: string;
  /** Of an image for several: the one that is meant. */
  readonly platform?: Platform | undefined;
  readonly manifest: string;
  readonly keys: readonly KeyObject[];
  /** Where further manifests are that the rules of the image let be laid over it; without it, none is. */
  readonly components?: ComponentSource | undefined;
  /** Why one of them was refused, for a person. */
  readonly onRefused?: (sentence: string) => void;
  readonly pool: ObserverPool;
  readonly clock: Clock;
  /** A file to leave for `look-again.ts`: what was seen of every path. */
  readonly stampsFile?: string | undefined;
  /** What the instance wrote itself, as it stood when boot had settled (`pinning.ts`). */
  readonly pins?: PinningOptions | undefined;
  /** A file with newer rules than those of the manifest, to judge by in their place. */
  readonly rulesFile?: string | undefined;
  /** For an agent, which takes no more. What only explains is left out then. Without them, all findings are told. */
  readonly limits?: FindingLimits | undefined;
  /** As fast as it goes without them. */
  readonly pace?: PaceLimits | undefined;
  readonly onProgress: (looked: number, entries: number) => void;
}

/**
 * A sweep: opens the manifest, then compares everything with it. Errors: those of `openManifest`, and DIGEST, ENTRIES,
 * NOT_FOUND, UNSTABLE, ARCHIVE, IO; whoever reports them says `unverifiable`.
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  return reportOf(options, sweep);
}

/** The same of what runs alone, where the root is that of the machine. Errors: those of `verify`. */
export async function verifyMachine(options: VerifyOptions): Promise<Report> {
  return reportOf(options, lookAtMachine);
}

interface Swept {
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  readonly packages?: readonly PackageGroup[];
  readonly relabels?: readonly Relabel[];
  readonly identities?: readonly Identity[];
}

async function reportOf(
  options: VerifyOptions,
  look: (manifest: Manifest, options: VerifyOptions, startedAt: number) => Promise<Swept>,
): Promise<Report> {
  const now = options.clock.now();
  const manifest = openJudged(options);
  try {
    const { findings, coverage, packages = [], relabels = [], identities } = await look(manifest, options, now);
    return {
      schema: 'pristine.report/1',
      image: manifest.image,
      rules: manifest.rules.sequence,
      root: options.root,
      startedAt: timestamp(now),
      finishedAt: timestamp(options.clock.now()),
      verdict: decideVerdict({
        severities: findings.map(({ severity }) => severity),
        holes: coverage.holes.length,
        scanned: true,
        expired: false,
      }),
      coverage,
      findings: [...findings],
      ...(packages.length > 0 && { packages: [...packages] }),
      ...(relabels.length > 0 && { relabels: [...relabels] }),
      ...(identities && { identities: [...identities] }),
      summary: summaryOf(findings),
    };
  } finally {
    manifest.close();
  }
}

/** Up to so many need no care for memory, which costs time. */
const entriesSmall = 20_000;

async function sweep(manifest: Manifest, options: VerifyOptions, startedAt: number): Promise<Swept> {
  const { root: rootPath, platform, pool, stampsFile, components, keys, onRefused } = options;
  const composition = await openComposition(manifest, components && { from: components, keys, onRefused });
  if (composition.entries > entriesSmall) keepHeapSmall();
  const stamps = stampsFile === undefined ? undefined : openStampWriter(stampsFile, startedAt);
  let root: RootView | undefined;
  try {
    root = await openRootView(rootPath, {
      pool,
      platform,
      labels: hasLabels(manifest.statement.predicate.scheme),
      stamps: stamps !== undefined,
      ...(options.pace && { pace: openPace(options.pace) }),
    });
    return await sweepRoot(manifest, root, { ...options, composition, stamps, startedAt });
  } finally {
    stamps?.close();
    root?.close();
    composition.close();
  }
}

interface SweepOptions extends Pick<VerifyOptions, 'onProgress' | 'pins' | 'limits'> {
  readonly composition: Composition;
  readonly stamps: StampWriter | undefined;
  readonly startedAt: number;
}

async function sweepRoot(
  manifest: Manifest,
  root: RootView,
  { onProgress, stamps, startedAt, pins, limits, composition }: SweepOptions,
): Promise<Swept> {
  const holes = openHoleList();
  for (const hole of composition.holes) holes.add(hole);
  const mounts = root.mounts();
  const scope = verifyScope(manifest, mounts, holes);
  const { rules } = manifest.rules;
  const pinning = pins === undefined ? noPinning : openPinning(pins, { rules, rulebook: scope.rulebook });
  const identities = openIdentityList(scope.rulebook);
  const list = openFindingList(limits);
  const witness: Witness = (expected, found) => {
    pinning.note(found);
    identities.note(expected, found);
  };
  const live = machineOf(root.prefix, manifest.rules.listening);
  const judge = openJudge(scope, holes, { pins: pinning.pins, witness, findings: list, onBaked: live?.baked });
  const tally = newTally();
  const { entries } = composition;

  // The threads read files from here on, while this one checks the digest. Nothing is judged before it has.
  const { prefix = '' } = root;
  const observed = root.observe(stamps === undefined ? scope : telling(scope, prefix, stamps), tally);
  const { distro } = manifest.statement.predicate.platform;
  const mountsBefore = mountsDigest(mounts, manifest.rulebook);
  const outer = openOuterPaths(prefix, root.silent, startedAt, (path) => isTimed(mounts.around(path)));
  const onAsk = stamps === undefined ? undefined : outer.onAsk;
  const facts = await root.read((files) => collectFacts(files, distro, collectors, onAsk));
  for (const hole of [...facts.holes, ...(live?.holes ?? [])]) holes.add(hole);
  await checkStoredDigest(manifest);
  const cursor = openCursor(composition.lines());
  const before = facts.entries.filter(({ subject }) => subject < 'file');
  const after = facts.entries.filter(({ subject }) => subject > 'file');
  const judgesAll = pins !== undefined;
  let checked = await compareFacts(cursor, before, judge, { until: 'file', judgesAll });
  const progress = (looked: number) => {
    if (looked > entriesSmall) keepHeapSmall();
    onProgress(looked, entries);
  };
  checked += await compareFiles(cursor, observed, judge, {
    onProgress: progress,
    onObserved: stamps && keeping(stamps, scope),
    watches: pinning.watches,
  });
  checked += await compareFacts(cursor, after, judge, { judgesAll });
  const running = live?.judge(scope.rulebook, changedFiles(list.all()));
  for (const finding of running?.findings ?? []) list.add(finding);
  for (const hole of running?.holes ?? []) holes.add(hole);
  const findings = withoutMoved(judge.finish(), mounts, root.mounts(), holes);
  const unpinned = await pinning.finish(holes.all());
  if (unpinned !== undefined) holes.add(unpinned);
  if (list.isCut()) holes.add(tooMany);
  const mountsAfter = mountsDigest(root.mounts(), manifest.rulebook);
  if (stamps !== undefined && root.prefix !== undefined && mountsAfter !== undefined && mountsAfter === mountsBefore) {
    const { digest } = composition;
    stamps.save({
      startedAt: timestamp(startedAt),
      composition: digest,
      mounts: mountsAfter,
      outer: outer.all(scope.leavesOut),
    });
  }
  const { relabels, rest } = limits === undefined ? foldRelabels(findings) : { relabels: [], rest: [] };

  return {
    findings: await attachDiffs(findings, { rules: manifest.rules, directories: composition.directories }, root.read),
    packages: await packagesOf(root, rest),
    relabels,
    ...(pins !== undefined && { identities: identities.all() }),
    coverage: {
      entries,
      ...(composition.laidOver.length > 0 && { components: [...composition.laidOver] }),
      checked: checked + (running?.checked ?? 0),
      ...tally,
      filesUnchanged: 0,
      mounts: [...scope.mounts()],
      live: live !== undefined,
      skipped: [...scope.skipped(), ...(running?.skipped ?? [])],
      holes: [...holes.all()],
    },
  };
}

/** What runs, where the root is that of the machine: read before the files are, since they take longer. */
function machineOf(prefix: RootPrefix | undefined, listening: RulesPredicate['listening']): LiveLook | undefined {
  const machine = prefix === undefined ? undefined : readMachine(prefix);
  return machine && openLiveLook(machine, listening);
}

async function lookAtMachine(manifest: Manifest, { root, components, keys, onRefused }: VerifyOptions): Promise<Swept> {
  const prefix = rootPrefix(root);
  const live = machineOf(prefix, manifest.rules.listening);
  if (live === undefined) return { findings: [], coverage: emptyCoverage };
  const composition = await openComposition(manifest, components && { from: components, keys, onRefused });
  try {
    await checkStoredDigest(manifest);
    for await (const lines of composition.lines()) {
      for (const line of lines) if (isFileLine(line)) live.baked(rawName(nameIn(line)!), line);
    }
    const { rulebook } = verifyScope(manifest, readMounts(prefix), openHoleList());
    const { checked, findings, skipped, holes } = live.judge(rulebook, new Set());
    return {
      findings,
      coverage: {
        ...emptyCoverage,
        ...{ entries: composition.entries, checked, live: true },
        skipped: [...skipped],
        holes: [...live.holes, ...holes],
      },
    };
  } finally {
    composition.close();
  }
}

/** Only what is found has an owner worth knowing. */
async function packagesOf(root: RootView, findings: readonly Finding[]): Promise<readonly PackageGroup[]> {
  if (findings.length === 0) return [];
  const files = findings.filter(({ subject }) => subject === 'file').map(({ name }) => name);
  return groupFindings(findings, await root.read((read) => attributeFiles(read, files))).groups;
}

export function summaryOf(findings: readonly Finding[]): Report['summary'] {
  const summary = { added: 0, removed: 0, modified: 0 };
  for (const { change } of findings) summary[change]++;
  return summary;
}
