import type { KeyObject } from 'node:crypto';
import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { subjectKey } from '../../shared/entry.ts';
import type { FactEntry } from '../../shared/fact.ts';
import type { Finding } from '../../shared/finding.ts';
import { compareNames, encodeRaw, type Name, type RawName, rawOf } from '../../shared/name.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { judgePath } from '../check/compare-streams.ts';
import { type ComponentSource, type Composition, openComposition } from '../check/composition.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { type HoleList, openHoleList } from '../check/hole-list.ts';
import type { Judge } from '../check/judge.ts';
import { type Manifest, openJudged } from '../check/open-manifest.ts';
import { type PinningOptions, pinsInForce } from '../check/pinning.ts';
import type { Pins } from '../check/pins.ts';
import { type VerifyScope, verifyScope } from '../check/verify-scope.ts';
import { collectFacts } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { entryIn, newTally, type Observation } from '../collect/observe.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { digestWithin } from '../collect/packages/attribute-files.ts';
import { type FileDigest, ownersOf } from '../collect/packages/ownership.ts';
import type { Root } from '../collect/root.ts';
import { type Scope, selfAndAbove } from '../collect/scope.ts';
import { openRoot } from '../collect/system-path.ts';
import type { Platform } from '../image/platform-choice.ts';
import { openRootView, type RootView } from '../image/root-view.ts';
import type { OpenState } from '../open-state.ts';
import { attachDiffs } from '../texts/attach-diffs.ts';
import { type BakedLines, readBaked } from './baked-lines.ts';
import type { ExplainedFact, ExplainedPath, Explanation, OwningPackage } from './explanation.ts';
import { judgeSubject } from './judge-subject.ts';
import { linkOnTheWay } from './link-on-the-way.ts';
import { decidingRule, guardsAt, whyLeftOut } from './ruling-of.ts';
import { saidByFile, seenSince } from './since.ts';

export interface ExplainOptions {
  /** A directory, or an image that is not unpacked. */
  readonly root: string;
  readonly platform?: Platform | undefined;
  readonly manifest: string;
  readonly keys: readonly KeyObject[];
  /** Newer rules that the agent on this machine has in force, where there are any. */
  readonly rulesFile?: string | undefined;
  readonly names: readonly Name[];
  readonly pool: ObserverPool;
  /** Where further manifests are that the rules let be laid over the image. */
  readonly components: ComponentSource;
  readonly onRefused: (sentence: string) => void;
  /** The pins of the agent on this machine, where there are any. */
  readonly pins?: PinningOptions | undefined;
  /** What that agent has seen against an image, where there is one. */
  readonly seen: (image: string) => Promise<OpenState | undefined>;
}

/**
 * Looks at some paths as `verify` does, and says of each what decided: the rule, what was baked, what is there, who owns it
 * and since when. Errors: those of `openManifest`, and DIGEST, ENTRIES, NOT_FOUND, UNSTABLE, ARCHIVE, IO.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const manifest = openJudged(options);
  try {
    await checkStoredDigest(manifest);
    const { pool, platform, root } = options;
    const labels = hasLabels(manifest.statement.predicate.scheme);
    const view = await openRootView(root, { pool, platform, labels });
    let composition: Composition | undefined;
    try {
      const { components, keys, onRefused } = options;
      composition = await openComposition(manifest, { from: components, keys, onRefused });
      const { image, rules } = manifest;
      const paths = await explainPaths(manifest, view, composition, options);
      return { schema: 'pristine.explain/1', image, rules: rules.sequence, root, paths };
    } finally {
      composition?.close();
      view.close();
    }
  } finally {
    manifest.close();
  }
}

async function explainPaths(manifest: Manifest, view: RootView, composition: Composition, options: ExplainOptions) {
  const { names, root, seen } = options;
  const paths = names.map((name) => rawOf(name)!);
  const holes = openHoleList();
  for (const hole of composition.holes) holes.add(hole);
  const pins = pinsInForce(options.pins, manifest.rules.rules);
  const scope = verifyScope(manifest, view.mounts(), holes);
  const observed = await observeNamed(view, scope, paths);
  const baked = await readBaked(composition, new Set(names));
  const said = await view.read((files) => ({
    facts: collectFacts(files, manifest.statement.predicate.platform.distro, collectors),
    owners: ownedBy(files, paths, (path) => observed.get(path)?.[0] === '{'),
    links: new Map(paths.map((path) => [path, linkOnTheWay(files, path)])),
  }));
  for (const hole of said.facts.holes) holes.add(hole);
  const known = await seen(manifest.image.digest);
  const times = view.prefix === undefined ? undefined : openRoot(root, { labels: false });
  const present = new Map(said.facts.entries.map((fact) => [subjectKey(fact), fact]));
  const look: Look = { manifest, scope, holes, pins, baked, present };
  try {
    // In the order of a sweep: a hole hides what comes after it.
    const explained = new Map(
      paths.toSorted().map((path): [RawName, ExplainedPath] => {
        const one = explainPath(look, path, observed.get(path) ?? '');
        const link = said.links.get(path);
        const own = times === undefined || !maySayTimes(one) ? null : saidByFile(times, path);
        const since = seenSince(one.name, one.finding, known) ?? own;
        return [path, { ...one, ...(link && { link }), package: packageOf(look, said.owners.get(path)), since }];
      }),
    );
    return await withDiffs(
      paths.map((path) => explained.get(path)!),
      (findings) => attachDiffs(findings, { rules: manifest.rules, directories: composition.directories }, view.read),
    );
  } finally {
    times?.close();
  }
}

/** There is or was something, and its filesystem answers. */
function maySayTimes({ outcome, holes }: Pick<ExplainedPath, 'outcome' | 'holes'>): boolean {
  return outcome !== 'absent' && holes.every(({ reason }) => reason !== 'no-answer');
}

async function withDiffs(
  paths: readonly ExplainedPath[],
  attach: (findings: readonly Finding[]) => Promise<readonly Finding[]>,
): Promise<readonly ExplainedPath[]> {
  const found = paths.filter(({ finding }) => finding !== null);
  const findings = await attach(found.map(({ finding }) => finding!));
  const shown = new Map(found.map((path, index) => [path, findings[index]!]));
  return paths.map((path) => (shown.has(path) ? { ...path, finding: shown.get(path)! } : path));
}

/** The walk of a sweep, on the way to these paths only. */
async function observeNamed(view: RootView, scope: VerifyScope, paths: readonly RawName[]) {
  const wanted = new Set(paths);
  const onTheWay = new Set(paths.flatMap((path) => [...selfAndAbove(path)].slice(1)));
  const observed = new Map<RawName, Observation>();
  const narrow: Scope = {
    // Asked of the way too: that is how a scope learns of what is mounted there.
    observes: (path, kind) =>
      (wanted.has(path) || onTheWay.has(path)) && scope.observes(path, kind) && wanted.has(path),
    enters: (directory) => onTheWay.has(directory) && scope.enters(directory),
    onHole: scope.onHole,
  };
  for await (const batch of view.observe(narrow, newTally())) {
    for (const [index, path] of batch.paths.entries()) observed.set(path, batch.observations[index]!);
  }
  return observed;
}

interface Look {
  readonly manifest: Manifest;
  readonly scope: VerifyScope;
  readonly holes: HoleList;
  readonly pins: Pins;
  readonly baked: BakedLines;
  /** Facts there are, by `subjectKey`. */
  readonly present: ReadonlyMap<string, FactEntry>;
}

function explainPath(look: Look, path: RawName, observation: Observation): Omit<ExplainedPath, 'package' | 'since'> {
  const { manifest, scope, holes, pins, baked } = look;
  const name = encodeRaw(path);
  const rule = decidingRule(manifest, scope, path);
  const leftOut = whyLeftOut(manifest, scope, path);
  const expected = baked.files.get(name);
  const judged = judgeSubject({
    scope,
    holes,
    pins,
    key: subjectKey({ subject: 'file', name }),
    expected,
    observed: entryIn(observation),
    isLeftOut: leftOut !== undefined,
    look: (judge) => judgePath(judge, path, expected, observation),
  });
  const facts = factsSaidBy(look, name);
  const isHiding = ({ subject, name: at, reason }: Hole) =>
    subject === 'file'
      ? hiderOf([{ subject, name: at, reason }])('file', name)
      : at === name || facts.some((fact) => fact.subject === subject);
  return {
    name,
    ...judged,
    rule,
    guards: guardsAt(path, rule),
    ...(leftOut && { leftOut }),
    holes: holes.all().filter(isHiding),
    facts,
  };
}

/** Of what the file says now, or said when it was baked, each as a sweep would judge it. */
function factsSaidBy({ scope, holes, pins, baked, present }: Look, name: Name): readonly ExplainedFact[] {
  const isSaid = (fact: FactEntry | undefined) => fact !== undefined && 'files' in fact && fact.files.includes(name);
  return [...new Set([...baked.facts.keys(), ...present.keys()])]
    .filter((key) => isSaid(baked.facts.get(key)) || isSaid(present.get(key)))
    .map((key) => {
      const [expected, observed] = [baked.facts.get(key), present.get(key)];
      const { subject, name: factName } = (expected ?? observed)!;
      const look = (judge: Judge) =>
        observed === undefined ? judge.missing(expected!) : judge.found(expected, observed);
      return { subject, name: factName, ...judgeSubject({ scope, holes, pins, key, expected, observed, look }) };
    })
    .sort((a, b) => (a.subject === b.subject ? compareNames(a.name, b.name) : a.subject < b.subject ? -1 : 1));
}

type Owned = Omit<OwningPackage, 'version' | 'bakedVersion'>;

function ownedBy(
  files: Root,
  paths: readonly RawName[],
  isThere: (path: RawName) => boolean,
): ReadonlyMap<RawName, Owned> {
  const hasDigest = digestWithin(files);
  const asPackaged = (path: RawName, digest: FileDigest | undefined) =>
    digest === undefined || !isThere(path) ? null : (hasDigest(path, digest) ?? null);
  return new Map(
    [...ownersOf(files, paths)].map(([path, { package: name, config, digest }]) => [
      path,
      { name, config, asPackaged: asPackaged(path, digest) },
    ]),
  );
}

function packageOf({ baked, present }: Look, owned: Owned | undefined): OwningPackage | null {
  if (owned === undefined) return null;
  const versionIn = (facts: ReadonlyMap<string, FactEntry>) => {
    const fact = facts.get(subjectKey({ subject: 'package', name: owned.name }));
    return fact?.subject === 'package' ? fact.version : null;
  };
  return { ...owned, bakedVersion: versionIn(baked.facts), version: versionIn(present) };
}
