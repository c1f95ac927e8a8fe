import type { RawName } from '../../../shared/name.ts';
import { type Assignment, type Install, installOf } from './unit-file.ts';
import { instanceOf, instantiated, mayAlias, mayBeTemplate, templateOf, unitKind } from './unit-name.ts';
import type { UnitNode, UnitTree } from './unit-tree.ts';

/** What a name leads to. */
export interface Discovered {
  /** `bad`: links in circles, to nowhere, or from one kind of unit to another. */
  readonly kind: 'file' | 'masked' | 'bad' | 'not-found';
  /** The name that holds after aliases. */
  readonly name: RawName;
  /** The links that were followed, and the unit file or mask at the end of them. */
  readonly paths: readonly RawName[];
}

const linksMax = 64;

/** Follows a name through the search path as systemd does: the first file of that name, or of its template. */
export function discover(tree: UnitTree, asked: RawName): Discovered {
  let name = asked;
  const paths: RawName[] = [];
  const end = (kind: Discovered['kind']): Discovered => ({ kind, name, paths });
  let at = searchPath(tree, name);
  if (at === undefined) return end('not-found');
  if (name.includes('@') && !mayBeTemplate(name)) return end('bad');
  for (let links = 0; links <= linksMax; links++) {
    if (at === undefined) return end('bad');
    paths.push(at);
    const node = nodeAt(tree, at);
    if (node === undefined || node.kind === 'other') return end('bad');
    // An empty file is a mask just as a link to /dev/null is.
    if (node.kind === 'null') return end('masked');
    if (node.kind === 'file') return end(tree.text(at) === '' ? 'masked' : 'file');
    const target: RawName = node.target;
    const linkName = baseName(at);
    if (!tree.directories.some((directory) => target.startsWith(`${directory}/`))) {
      at = target;
      continue;
    }
    if (linkName === baseName(target) || !mayAlias(linkName, baseName(target))) return end('bad');
    const next = aliasName(name, baseName(target));
    at = next === name ? target : searchPath(tree, next);
    name = next;
  }
  return end('bad');
}

/**
 * The file that what a unit says is read from. Where a link is bad, systemd's manager passes over it to the first file
 * behind, though `systemctl` stops there: what may run is told.
 */
export function unitFileOf(tree: UnitTree, { kind, name, paths }: Discovered): RawName | undefined {
  if (kind === 'file') return paths.at(-1);
  if (kind !== 'bad') return undefined;
  const directory = tree.directories.find((candidate) => tree.nodes.get(candidate)!.get(name)?.kind === 'file');
  return directory === undefined ? undefined : `${directory}/${name}`;
}

function aliasName(name: RawName, target: RawName): RawName {
  const isFilledIn = unitKind(name) === 'instance' && unitKind(target) === 'template';
  return isFilledIn ? instantiated(target, instanceOf(name)) : target;
}

function searchPath(tree: UnitTree, name: RawName): RawName | undefined {
  const template = unitKind(name) === 'instance' ? templateOf(name) : undefined;
  for (const sought of [name, template]) {
    if (sought === undefined) continue;
    const directory = tree.directories.find((candidate) => tree.nodes.get(candidate)!.has(sought));
    if (directory !== undefined) return `${directory}/${sought}`;
  }
  return undefined;
}

function nodeAt(tree: UnitTree, path: RawName): UnitNode | undefined {
  const slash = path.lastIndexOf('/');
  return tree.nodes.get(path.slice(0, slash))?.get(path.slice(slash + 1)) ?? tree.nodeAt(path);
}

/** The links of a scope by what they are called and where they lead, so that no unit has to go through all of them. */
export interface LinkIndex {
  readonly byName: ReadonlyMap<RawName, readonly Link[]>;
}

interface Link {
  readonly directory: RawName;
  readonly name: RawName;
  /** Undefined: in a `.wants` directory, where only the name counts. */
  readonly target: RawName | undefined;
}

export function indexLinks(tree: UnitTree): LinkIndex {
  const byName = new Map<RawName, Link[]>();
  const note = (name: RawName, link: Link) => {
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [link]);
    else if (list.at(-1) !== link) list.push(link);
  };
  for (const { directory, name } of tree.dependencies) {
    const link = { directory, name, target: undefined };
    note(name, link);
    const template = templateOf(name);
    if (template !== undefined) note(template, link);
  }
  for (const [directory, nodes] of tree.nodes) {
    for (const [name, node] of nodes) {
      if (node.kind !== 'link' && node.kind !== 'null') continue;
      const target = node.kind === 'link' ? baseName(node.target) : 'null';
      const link = { directory, name, target };
      note(name, link);
      note(target, link);
    }
  }
  return { byName };
}

/** What `systemctl is-enabled` says of a name, from what the name leads to and what the files of its section `Install` say. */
export function unitState(
  tree: UnitTree,
  index: LinkIndex,
  asked: RawName,
  found: Discovered,
  files: readonly RawName[],
): string {
  const last = found.paths.at(-1);
  if (found.kind === 'masked') return isRuntime(last!) ? 'masked-runtime' : 'masked';
  if (found.kind !== 'file') return found.kind;
  const install = installOf(assignmentsIn(tree, files));
  const isBad = install.also.some((name) => !name.includes('%') && unitKind(name) === undefined);
  if (isBad || files.some((path) => tree.unitFile(path).isBad)) return 'bad';
  if (asked !== baseName(last!) && unitKind(found.name) !== 'instance') return 'alias';
  const enabled =
    stateByLinks(tree, index, found, (name) => isInstalledName(found.name, install, name)) ??
    // Known under names that `enable` would not have given it: it may be in use.
    (stateByLinks(tree, index, found, () => true) === undefined ? undefined : 'indirect');
  if (enabled !== undefined) return enabled;
  if (install.aliases.length + install.wantedBy.length > 0) return 'disabled';
  return install.also.length > 0 ? 'indirect' : 'static';
}

export function assignmentsIn(tree: UnitTree, paths: readonly RawName[]): readonly Assignment[] {
  return paths.flatMap((path) => tree.unitFile(path).assignments);
}

function isInstalledName(unit: RawName, install: Install, name: RawName): boolean {
  if (name === unit || install.aliases.includes(name)) return true;
  if (install.defaultInstance === undefined || unitKind(unit) !== 'template') return false;
  return name === instantiated(unit, install.defaultInstance);
}

/** Where links of this unit lie says how it is enabled. The unit's own name in the directory itself only links it. */
function stateByLinks(
  tree: UnitTree,
  index: LinkIndex,
  { name: unit, paths }: Discovered,
  isCounted: (name: RawName) => boolean,
): string | undefined {
  const links = index.byName.get(unit) ?? [];
  if (links.length === 0) return undefined;
  const path = paths.at(-1)!;
  let isBelow = false;
  let [isInRuntime, isAnywhere, isLinked, isLinkedInRuntime] = [false, false, false, false];
  for (const directory of tree.directories) {
    let isFound = false;
    let isSame = false;
    for (const link of links) {
      if (link.directory !== directory) continue;
      const isDependency = link.target === undefined;
      // Behind the unit file itself a link of its name is never reached.
      const isPath = link.name === unit && (isDependency || !isBelow);
      const leadsHere = isDependency ? templateOf(link.name) === unit : link.target === unit;
      if (isPath && leadsHere && !isDependency) isSame = true;
      else if ((isPath || leadsHere) && isCounted(link.name)) isFound = true;
    }
    if (isFound && directory === tree.config) return 'enabled';
    if (isFound && isRuntime(directory)) isInRuntime = true;
    else if (isFound) isAnywhere = true;
    else if (isSame && directory === tree.config) isLinked = true;
    else if (isSame && isRuntime(directory)) isLinkedInRuntime = true;
    if (path.startsWith(`${directory}/`)) isBelow = true;
  }
  if (isInRuntime) return 'enabled-runtime';
  if (isAnywhere && unitKind(unit) === 'instance') return 'static';
  if (isLinked) return 'linked';
  return isLinkedInRuntime ? 'linked-runtime' : undefined;
}

function isRuntime(path: RawName): boolean {
  return path.startsWith('/run/');
}

export function baseName(path: RawName): RawName {
  return path.slice(path.lastIndexOf('/') + 1);
}
