import { lstatSync } from 'node:fs';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { type Entry, subjectKey } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Finding } from '../../shared/finding.ts';
import { encodeRaw, type Name, type RawName, rawName, rawOf } from '../../shared/name.ts';
import { restoredFinding } from '../../shared/restored.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { collectFacts, readsAt } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { readMounts, withSilence } from '../collect/mounts.ts';
import { newTally, type Observation, OverBudget } from '../collect/observe.ts';
import { observeHere } from '../collect/observe-tree.ts';
import { directoryRoot } from '../collect/root.ts';
import { selfAndAbove } from '../collect/scope.ts';
import { findSilentMounts, type SilentMounts } from '../collect/silent-mounts.ts';
import { type OpenRoot, openRoot, type RootPrefix, systemPath } from '../collect/system-path.ts';
import type { Check, Checker, CheckOptions } from '../scan.ts';
import { attachDiffs } from '../texts/attach-diffs.ts';
import { judgePath } from './compare-streams.ts';
import { type Composition, type CompositionOptions, openComposition } from './composition.ts';
import { openEntriesAside, type SomeEntries } from './entries-aside.ts';
import { openHoleList } from './hole-list.ts';
import { openJudge } from './judge.ts';
import type { LinkedNames } from './linked-names.ts';
import { withoutMoved } from './moved-mounts.ts';
import type { Manifest } from './open-manifest.ts';
import { type PinningOptions, pinsInForce } from './pinning.ts';
import type { Pins } from './pins.ts';
import { changedFiles, openProgramLook, type ProgramLook } from './program-look.ts';
import { isFileLine, nameIn } from './unparsed-line.ts';
import { type VerifyScope, verifyScope } from './verify-scope.ts';

export interface CheckerOptions {
  /** Stays open as long as the checker is used. */
  readonly manifest: () => Manifest;
  readonly root: string;
  /** Once boot has settled. */
  readonly pinning?: () => PinningOptions | undefined;
  /** Opened for each check: a component may be installed or renewed while the agent runs. */
  readonly components?: CompositionOptions;
  readonly clock: Clock;
  /** Where the entries are set aside, so that a check need not read them all. */
  readonly directory?: string;
  /** Without it a file with several names is looked at by those that are given. */
  readonly linked?: LinkedNames;
  /** Past so many paths, observed or baked, a sweep is the cheaper look. */
  readonly pathsMax?: number;
}

/**
 * Looks at some names again, each with everything beneath it, and compares them as a sweep would. A check that cannot be
 * done, for size or because the manifest is not what it was, is undefined: the sweep that follows says what is wrong.
 */
export function createChecker(options: CheckerOptions): Checker {
  const { manifest, root, clock, pinning = () => undefined, pathsMax = 5_000 } = options;
  const aside = openEntriesAside(options.directory);
  return {
    check: async (names, { bytesMax, ...more } = {}) => {
      const startedAt = timestamp(clock.now());
      const judged = manifest();
      let opened: OpenRoot | undefined;
      let composition: Composition | undefined;
      try {
        const pins = pinsInForce(pinning(), judged.rules.rules);
        const labels = hasLabels(judged.statement.predicate.scheme);
        opened = openRoot(root, { labels, ...(bytesMax !== undefined && { budget: { bytes: bytesMax } }) });
        composition = await openComposition(judged, options.components);
        const silent = await findSilentMounts(opened.prefix, readMounts(opened.prefix));
        const entries = aside.of(composition);
        const context = { pathsMax, pins, composition, entries, silent, linked: options.linked };
        const measured = await checkSubjects(judged, opened, names, { ...context, ...more });
        return measured && { kind: 'check', startedAt, finishedAt: timestamp(clock.now()), ...measured };
      } catch (error) {
        if (error instanceof CodedError || error instanceof OverBudget) return undefined;
        throw error;
      } finally {
        opened?.close();
        composition?.close();
      }
    },
  };
}

/** Errors: DIGEST, ENTRIES. */
async function checkSubjects(
  manifest: Manifest,
  root: OpenRoot,
  names: readonly Name[],
  {
    pathsMax,
    pins,
    composition,
    entries,
    silent,
    linked,
    written = new Set(),
    started,
  }: Pick<CheckOptions, 'written' | 'started'> & {
    readonly pathsMax: number;
    readonly pins: Pins;
    readonly composition: Composition;
    readonly entries: SomeEntries;
    readonly silent: SilentMounts;
    readonly linked: LinkedNames | undefined;
  },
): Promise<Pick<Check, 'looked' | 'findings' | 'coverage'> | undefined> {
  const holes = openHoleList();
  for (const hole of composition.holes) holes.add(hole);
  const mounts = readMounts(root.prefix);
  const scope = verifyScope(manifest, withSilence(root.prefix, mounts, silent), holes);
  const tally = newTally();
  const starts = startsOf(root.prefix, names, silent);
  const isLooked = (path: RawName) => starts.size > 0 && isBeneath(path, starts);

  const observed = new Map<RawName, Observation>();
  const observe = (start: RawName) => {
    if (!isReached(scope, start, silent)) return true;
    const found = observeHere(root, scope, start, pathsMax - observed.size, tally);
    for (const [path, observation] of found ?? []) observed.set(path, observation);
    return found !== undefined;
  };
  if (![...starts].every(observe)) return undefined;
  const others = linked?.othersOf(root.prefix, observed.keys()) ?? [];
  for (const other of startsOf(root.prefix, others.map(encodeRaw), silent)) {
    if (isLooked(other)) continue;
    starts.add(other);
    if (!observe(other)) return undefined;
  }
  const said = collectors.filter((collector) => [...starts].some((start) => readsAt(collector, start)));
  const saying = new Set<string>(said.map(({ subject }) => subject));
  const programs = started && openProgramLook(started);
  const wanted = { paths: [...starts, ...(started?.programs.keys() ?? [])], subjects: saying };
  // What runs from memory may be a copy of any program.
  const lines = entries(started !== undefined && started.copies.size > 0 ? 'all' : wanted);
  const baked = await bakedAt(lines, { isLooked, saying, pathsMax, onFile: programs?.baked });
  if (baked === undefined) return undefined;

  const judge = openJudge(scope, holes, { pins });
  for (const path of new Set([...baked.files.keys(), ...observed.keys()])) {
    judgePath(judge, path, baked.files.get(path), observed.get(path) ?? '');
  }
  const facts = collectFacts(directoryRoot(root.prefix, silent), manifest.statement.predicate.platform.distro, said);
  for (const hole of facts.holes) holes.add(hole);
  const present = new Map(facts.entries.map((entry) => [subjectKey(entry), entry]));
  for (const [key, entry] of baked.facts) if (!present.has(key)) judge.missing(entry);
  for (const [key, entry] of present) judge.found(baked.facts.get(key), entry);
  const judged = judge.finish(({ subject, name }) =>
    subject === 'file' ? isLooked(rawName(name)) : saying.has(subject),
  );
  const differing = withoutMoved(judged, mounts, readMounts(root.prefix), holes);
  const restored = restoredAmong(written, differing, (path) => {
    const entry = baked.files.get(path);
    return (
      entry?.subject === 'file' &&
      entry.type !== 'dir' &&
      !holes.hides('file', entry.name) &&
      scope.rulebook.rulingOf(path).treatment === 'immutable'
    );
  });
  const changed = new Set([...(started?.changed ?? []), ...changedFiles(differing)]);
  const running = programs?.judge(scope.rulebook, changed) ?? [];
  const findings = [...differing, ...restored, ...running.filter((verdict) => typeof verdict === 'object')];
  const declared = (manifest.rules.components ?? []).length > 0 ? ['component'] : [];
  return {
    looked: [
      ...[...starts].map((start) => ({ subject: 'file', name: encodeRaw(start) })),
      ...[...saying, ...declared].map((subject) => ({ subject, name: '/' })),
    ],
    findings: await attachDiffs(
      findings,
      { rules: manifest.rules, directories: composition.directories },
      async (look) => look(directoryRoot(root.prefix, silent)),
    ),
    coverage: {
      entries: composition.entries,
      ...(composition.laidOver.length > 0 && { components: [...composition.laidOver] }),
      checked: new Set([...baked.files.keys(), ...observed.keys()]).size,
      ...tally,
      filesUnchanged: 0,
      mounts: [...scope.mounts()],
      // What runs is left to the sweeps: no path that changed says anything of it.
      live: false,
      skipped: [...scope.skipped()],
      holes: [...holes.all()],
    },
  };
}

/**
 * Where to begin: the names, or what is above them and is no directory (any more): nothing beneath that is what it was. So
 * a directory that became a symbolic link is seen as that, and not looked through. A filesystem that does not answer is
 * not touched at all.
 */
function startsOf(root: RootPrefix, names: readonly Name[], silent: SilentMounts): Set<RawName> {
  const starts = new Set<RawName>();
  for (const name of names) {
    const path = rawOf(name);
    if (path?.startsWith('/')) starts.add(firstNonDirectory(root, path, silent));
  }
  for (const start of starts) {
    const above = start === '/' ? [] : [...selfAndAbove(start)].slice(1);
    if (above.some((path) => starts.has(path))) starts.delete(start);
  }
  return starts;
}

function firstNonDirectory(root: RootPrefix, path: RawName, silent: SilentMounts): RawName {
  for (const above of [...selfAndAbove(path)].reverse()) {
    if (above === path || silent.has(above)) return above;
    try {
      if (!lstatSync(systemPath(root, above || '/')).isDirectory()) return above;
    } catch {
      return above;
    }
  }
  return path;
}

/** Whether a sweep would come here: nothing on the way is left out. Asks from the top, as a walk does. */
function isReached(scope: VerifyScope, start: RawName, silent: SilentMounts): boolean {
  const way = [...selfAndAbove(start)].slice(silent.has(start) ? 0 : 1);
  return way.reverse().every((above) => {
    scope.observes(above, 'd');
    return scope.enters(above);
  });
}

function isBeneath(path: RawName, starts: ReadonlySet<RawName>): boolean {
  for (const above of selfAndAbove(path)) if (starts.has(above)) return true;
  return false;
}

/** Of what was written to, what no difference is left of. */
function restoredAmong(
  written: ReadonlySet<Name>,
  differing: readonly Finding[],
  isAsBaked: (path: RawName) => boolean,
): readonly Finding[] {
  const names = new Set(differing.map(({ name }) => name));
  return [...written].filter((name) => !names.has(name) && isAsBaked(rawName(name))).map(restoredFinding);
}

interface Baked {
  readonly files: ReadonlyMap<RawName, Entry>;
  /** By subject and name. */
  readonly facts: ReadonlyMap<string, Entry>;
}

/** The baked entries that a check is about, or undefined when they are too many. Errors: DIGEST, ENTRIES. */
async function bakedAt(
  entries: ReturnType<SomeEntries>,
  {
    isLooked,
    saying,
    pathsMax,
    onFile,
  }: {
    readonly isLooked: (path: RawName) => boolean;
    readonly saying: ReadonlySet<string>;
    readonly pathsMax: number;
    readonly onFile: ProgramLook['baked'] | undefined;
  },
): Promise<Baked | undefined> {
  const files = new Map<RawName, Entry>();
  const facts = new Map<string, Entry>();
  for await (const lines of entries) {
    for (const line of lines) {
      if (!isFileLine(line)) {
        if (saying.size === 0) continue;
        const entry = parseEntryLine(line);
        if (saying.has(entry.subject)) facts.set(subjectKey(entry), entry);
        continue;
      }
      const name = nameIn(line);
      const path = name === undefined ? undefined : rawOf(name);
      if (path === undefined) continue;
      onFile?.(path, line);
      if (!isLooked(path)) continue;
      files.set(path, parseEntryLine(line));
      if (files.size > pathsMax) return undefined;
    }
  }
  return { files, facts };
}
