import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { boundedList } from './bounded.ts';
import type { Collector, Reader } from './collector.ts';
import { type ConfigFile, dropInFiles } from './config-files.ts';
import { commandsOf, triggersOf } from './unit-file.ts';
import { dropInNames, templateOf, unitKind, unitType } from './unit-name.ts';
import {
  assignmentsIn,
  type Discovered,
  discover,
  indexLinks,
  type LinkIndex,
  unitFileOf,
  unitState,
} from './unit-state.ts';
import { type Dependency, readUnitTree, systemScope, type UnitTree, userScope } from './unit-tree.ts';

/** The units of systemd as they are configured to start. Those of users' service managers are named `user/…`. */
export const units: Collector<'unit'> = {
  subject: 'unit',
  reads: [
    ...['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd', '/lib/systemd'].flatMap(
      (base) => [`${base}/system/**`, `${base}/user/**`],
    ),
    '/etc/systemd/system.control/**',
    '/etc/systemd/system.attached/**',
    '/usr/local/share/systemd/user/**',
    '/usr/share/systemd/user/**',
  ],
  collect: function* (reader) {
    yield* unitsOf(reader, readUnitTree(reader, systemScope(reader)), '');
    yield* unitsOf(reader, readUnitTree(reader, userScope), 'user/');
  },
};

function* unitsOf(reader: Reader, tree: UnitTree, prefix: string): Generator<FactOf<'unit'>> {
  const index = indexLinks(tree);
  const all = new Map([...namesOf(tree)].map((name) => [name, discover(tree, name)]));
  const aliases = aliasesOf(all);
  const dropIns = openDropIns(reader, tree);
  const dependencies = Map.groupBy(tree.dependencies, ({ name }) => name);
  for (const [name, found] of all) {
    const fact = unitOf(tree, index, name, found, aliases, dropIns, dependencies.get(name) ?? []);
    const lists = { dropIns: fact.dropIns, triggers: fact.triggers, commands: fact.commands, links: fact.links };
    const bounded = Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, boundedList(list)]));
    yield { ...fact, ...bounded, name: prefix + name, files: boundedList(fact.files.toSorted()) };
  }
}

function unitOf(
  tree: UnitTree,
  index: LinkIndex,
  name: RawName,
  found: Discovered,
  aliases: ReadonlyMap<RawName, readonly RawName[]>,
  dropIns: DropIns,
  dependencies: readonly Dependency[],
): FactOf<'unit'> {
  const links = linksOf(dependencies);
  const common = { subject: 'unit', name, dropIns: [], triggers: [], commands: [], links } as const;
  const unitFile = [unitFileOf(tree, found) ?? []].flat();
  const files = [...new Set([...found.paths, ...unitFile, ...dependencies.map(({ path }) => path)])];
  const template = unitKind(found.name) === 'instance' ? [templateOf(found.name)!] : [];
  const installing = dropIns([[found.name, ...template]], '').files;
  const state = unitState(tree, index, name, found, [...unitFile, ...paths(installing)]);
  if (state === 'alias') return { ...common, state, links: [`alias-of ${found.name}`, ...links].sort(), files };
  if (found.kind === 'masked') return { ...common, state, files };
  const names = [name, ...(aliases.get(found.name) ?? [])];
  const extra = dropIns(names.map(dropInNames), unitType(name));
  const assignments = assignmentsIn(tree, [...unitFile, ...paths(extra.files)]);
  return {
    ...common,
    state,
    dropIns: paths(sorted([...extra.files, ...extra.masks])),
    triggers: triggersOf(assignments),
    commands: commandsOf(assignments),
    files: [...files, ...paths(extra.files), ...paths(extra.masks)],
  };
}

/** Units that have a file, that something wants, or that something is said about. */
function namesOf(tree: UnitTree): ReadonlySet<RawName> {
  const names = new Set<RawName>();
  for (const nodes of tree.nodes.values()) {
    for (const [name, { kind }] of nodes) if (kind !== 'other') names.add(name);
  }
  for (const { name } of tree.dependencies) names.add(name);
  for (const directories of tree.dropIns.values()) {
    for (const name of directories) if (unitKind(name.slice(0, -2)) !== undefined) names.add(name.slice(0, -2));
  }
  return names;
}

/** By the name that holds: the others. What is said about any of them is said about the unit. */
function aliasesOf(all: ReadonlyMap<RawName, Discovered>): ReadonlyMap<RawName, readonly RawName[]> {
  const aliases = new Map<RawName, RawName[]>();
  for (const name of [...all.keys()].sort()) {
    const found = all.get(name)!;
    if (found.kind !== 'file' || name === found.name) continue;
    const known = aliases.get(found.name);
    if (known === undefined) aliases.set(found.name, [name]);
    else known.push(name);
  }
  return aliases;
}

/** What wants the unit, unless an earlier directory has masked the link. */
function linksOf(dependencies: readonly Dependency[]): readonly string[] {
  const first = new Map<string, Dependency>();
  for (const dependency of dependencies) if (!first.has(dependency.text)) first.set(dependency.text, dependency);
  return [...first.values()]
    .filter(({ isMask }) => !isMask)
    .map(({ text }) => text)
    .sort();
}

/** For each name of a unit, those whose `.d` directories speak for it; and its type, or none. */
type DropIns = (names: readonly (readonly RawName[])[], type: string) => ReturnType<typeof dropInFiles>;

/** The drop-ins of units; those of a type come last, since anything more specific overrides them. */
function openDropIns(reader: Reader, tree: UnitTree): DropIns {
  const known = new Map<string, ReturnType<typeof dropInFiles>>();
  return (names, type) => {
    const directories = [...names, [type]].flatMap((some) =>
      tree.directories.flatMap((directory) => present(tree, directory, some)),
    );
    const key = directories.join('\0');
    let files = known.get(key);
    if (files === undefined) {
      files = dropInFiles(reader, directories, (name) => name.endsWith('.conf'));
      known.set(key, files);
    }
    return files;
  };
}

function present(tree: UnitTree, directory: RawName, names: readonly RawName[]): readonly RawName[] {
  const there = tree.dropIns.get(directory)!;
  return names.filter((name) => there.has(`${name}.d`)).map((name) => `${directory}/${name}.d`);
}

/** A mask is a drop-in too, in its place: systemd shows it so. */
function sorted(files: readonly ConfigFile[]): readonly ConfigFile[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function paths(files: readonly ConfigFile[]): readonly RawName[] {
  return files.map(({ path }) => path);
}
