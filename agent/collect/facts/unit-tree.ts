import type { RawName } from '../../../shared/name.ts';
import type { Reader } from './collector.ts';
import { configBytesMax, isLibMerged, isNullDevice, kindOf, normalPath } from './config-files.ts';
import { type Assignment, isUnitFileBad, parseUnitFile } from './unit-file.ts';
import { unitKind } from './unit-name.ts';

/** Where units are looked for, from what wins to what loses. */
export interface UnitScope {
  readonly directories: readonly RawName[];
  /** Where `systemctl enable` puts its links. */
  readonly config: RawName;
}

/**
 * The search path of systemd.unit(5) without what is made while booting: generators read the fstab and the command line,
 * and transient units are the sessions of the day. Both are seen where they come from.
 */
export function systemScope(reader: Reader): UnitScope {
  const directories = [
    '/etc/systemd/system.control',
    '/etc/systemd/system',
    '/etc/systemd/system.attached',
    '/run/systemd/system',
    '/usr/local/lib/systemd/system',
    '/usr/lib/systemd/system',
  ];
  if (!isLibMerged(reader)) directories.push('/lib/systemd/system');
  return { directories, config: '/etc/systemd/system' };
}

/** Units of everybody's own service manager; those of single homes are theirs. */
export const userScope: UnitScope = {
  directories: [
    '/etc/systemd/user',
    '/run/systemd/user',
    '/usr/local/share/systemd/user',
    '/usr/share/systemd/user',
    '/usr/local/lib/systemd/user',
    '/usr/lib/systemd/user',
  ],
  config: '/etc/systemd/user',
};

/** What a name in a directory of units is. A device counts as empty, as systemd has it. */
export type UnitNode =
  | { readonly kind: 'file' }
  | { readonly kind: 'link'; readonly target: RawName }
  | { readonly kind: 'null' }
  | { readonly kind: 'other' };

/** `multi-user.target.wants/ssh.service` of one directory. */
export interface Dependency {
  readonly directory: RawName;
  /** `wanted-by multi-user.target` */
  readonly text: string;
  readonly name: RawName;
  readonly path: RawName;
  /** A link to /dev/null takes back what a directory behind says. */
  readonly isMask: boolean;
}

/** Everything that the directories of a scope hold, read once. */
export interface UnitTree extends UnitScope {
  readonly nodes: ReadonlyMap<RawName, ReadonlyMap<RawName, UnitNode>>;
  readonly dependencies: readonly Dependency[];
  /** By directory: the names that end in `.d`. */
  readonly dropIns: ReadonlyMap<RawName, ReadonlySet<RawName>>;
  /** What stands at any path, within the directories or not. Undefined: nothing. */
  readonly nodeAt: (path: RawName) => UnitNode | undefined;
  readonly text: (path: RawName) => string | undefined;
  readonly unitFile: (path: RawName) => UnitFile;
}

export interface UnitFile {
  readonly assignments: readonly Assignment[];
  readonly isBad: boolean;
}

const dependencyWords: Readonly<Record<string, string>> = {
  wants: 'wanted-by',
  requires: 'required-by',
  upholds: 'upheld-by',
};

export function readUnitTree(reader: Reader, scope: UnitScope): UnitTree {
  const nodes = new Map<RawName, Map<RawName, UnitNode>>();
  const dropIns = new Map<RawName, Set<RawName>>();
  const dependencies: Dependency[] = [];
  const isMerged = isLibMerged(reader);
  const nodeAt = (path: RawName) => readNode(reader, path, isMerged);
  for (const directory of scope.directories) {
    const here = new Map<RawName, UnitNode>();
    const dropInsHere = new Set<RawName>();
    for (const name of reader.list(directory)) {
      const path = `${directory}/${name}`;
      const suffix = name.slice(name.lastIndexOf('.') + 1);
      if (unitKind(name) !== undefined) {
        const node = nodeAt(path);
        if (node !== undefined) here.set(name, node);
      } else if (suffix === 'd') dropInsHere.add(name);
      else if (Object.hasOwn(dependencyWords, suffix) && kindOf(reader, path) === 'other') {
        const text = `${dependencyWords[suffix]} ${name.slice(0, -suffix.length - 1)}`;
        for (const wanted of reader.list(path)) {
          const node = unitKind(wanted) === undefined ? undefined : nodeAt(`${path}/${wanted}`);
          if (node?.kind !== 'link' && node?.kind !== 'null') continue;
          dependencies.push({ directory, text, name: wanted, path: `${path}/${wanted}`, isMask: node.kind === 'null' });
        }
      }
    }
    nodes.set(directory, here);
    dropIns.set(directory, dropInsHere);
  }
  const texts = new Map<RawName, string | undefined>();
  const text = (path: RawName) => {
    if (!texts.has(path)) texts.set(path, reader.text(path, configBytesMax));
    return texts.get(path);
  };
  const unitFiles = new Map<RawName, UnitFile>();
  const unitFile = (path: RawName) => {
    const known = unitFiles.get(path);
    if (known !== undefined) return known;
    const content = text(path) ?? '';
    const parsed = { assignments: parseUnitFile(content), isBad: isUnitFileBad(content) };
    unitFiles.set(path, parsed);
    return parsed;
  };
  return { ...scope, nodes, dependencies, dropIns, nodeAt, text, unitFile };
}

function readNode(reader: Reader, path: RawName, isMerged: boolean): UnitNode | undefined {
  const stat = reader.stat(path);
  switch (stat?.type) {
    case undefined:
      return undefined;
    case 'file':
      return { kind: 'file' };
    case 'char':
    case 'block':
      return { kind: 'null' };
    case 'symlink': {
      const raw = stat.target!.startsWith('/')
        ? stat.target!
        : `${path.slice(0, path.lastIndexOf('/'))}/${stat.target}`;
      const target = normalPath(raw);
      if (isNullDevice(target)) return { kind: 'null' };
      return { kind: 'link', target: isMerged && target.startsWith('/lib/') ? `/usr${target}` : target };
    }
    default:
      return { kind: 'other' };
  }
}
