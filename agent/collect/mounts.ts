import { lstatSync, readFileSync, statfsSync } from 'node:fs';
import type { RawName } from '../../shared/name.ts';
import { openExpectedMounts } from './expected-mounts.ts';
import { selfAndAbove } from './scope.ts';
import type { SilentMounts } from './silent-mounts.ts';
import { type RootPrefix, systemPath } from './system-path.ts';

/** A filesystem that begins beneath the root. */
export interface Mount {
  readonly path: RawName;
  readonly type: string;
  /** Made up by the kernel: nothing there was ever baked, and reading it may block or never end. */
  readonly pseudo: boolean;
  /** It does not answer (`silent-mounts.ts`): whoever touches it is held there. */
  readonly silent?: boolean;
}

export interface Mounts {
  /** The mount that begins exactly here. */
  readonly at: (path: RawName, isDirectory: boolean) => Mount | undefined;
  /** The nearest mount that holds this path. */
  readonly around: (path: RawName) => Mount | undefined;
  /** All that are known so far: all there are, where the kernel lists them. */
  readonly all: () => Iterable<Mount>;
  readonly isListed: boolean;
  /** Whether the root says itself that something is mounted there. */
  readonly isExpected: (path: RawName) => boolean;
}

/** The one of these mounts that is nearest above a path, or at it. */
export function mountAround(mounts: ReadonlyMap<RawName, Mount>, path: RawName): Mount | undefined {
  if (mounts.size === 0) return undefined;
  for (const directory of selfAndAbove(path)) {
    const mount = mounts.get(directory);
    if (mount !== undefined) return mount;
  }
  return undefined;
}

/** Whether the rules expect a pseudo filesystem here: at a named mount point or anywhere beneath. */
export function isNamedMount(path: RawName, pseudoMounts: readonly RawName[]): boolean {
  for (const above of selfAndAbove(path)) if (pseudoMounts.includes(above)) return true;
  return false;
}

/** Mounts beneath the root, from the kernel's own list; without /proc, as in a chroot, by what stat says. */
export function readMounts(root: RootPrefix): Mounts {
  let text: string;
  try {
    text = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return mountsByStat(root);
  }
  const mounts = new Map(parseMountinfo(text, root).map((mount) => [mount.path, mount]));
  return {
    at: (path) => mounts.get(path),
    around: (path) => mountAround(mounts, path),
    all: () => mounts.values(),
    isListed: true,
    isExpected: openExpectedMounts(root),
  };
}

/** The same mounts, each knowing whether it answers; what the root says of them is read only where that does no harm. */
export function withSilence(root: RootPrefix, mounts: Mounts, silent: SilentMounts): Mounts {
  if (silent.size === 0) return mounts;
  return {
    ...mounts,
    at: (path, isDirectory) => {
      const mount = mounts.at(path, isDirectory);
      return mount && silent.has(path) ? { ...mount, silent: true } : mount;
    },
    isExpected: openExpectedMounts(root, silent),
  };
}

/** Whether what is mounted at the root is a filesystem from its own root on, and no part of one. Not without /proc. */
export function isWholeMount(root: RootPrefix): boolean {
  let text: string;
  try {
    text = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return false;
  }
  const mounts = text.split('\n').filter((line) => parseLine(line)[0]?.point === (root || '/'));
  // The last one is on top.
  return mounts.at(-1)?.split(' ')[3] === '/';
}

interface Line {
  readonly id: string;
  readonly parent: string;
  readonly point: RawName;
  readonly type: string;
}

/**
 * The mounts one meets beneath the root (proc_pid_mountinfo(5)): those hidden under a later mount are left out. Told apart
 * by mount id, since two mounts of one filesystem have equal device numbers. Exported for tests.
 */
export function parseMountinfo(text: string, root: RootPrefix): readonly Mount[] {
  const lines = text.split('\n').flatMap((line) => parseLine(line));
  const ids = new Set(lines.map(({ id }) => id));
  // In a chroot the parents of the outermost mounts are out of sight: they hang from one stand-in.
  const isInner = ({ id, parent }: Line) => parent !== id && ids.has(parent);
  const children = Map.groupBy(lines, (line) => (isInner(line) ? line.parent : outside.id));
  return lines
    .filter(({ id, point }) => point.startsWith(`${root}/`) && point !== '/' && mountedAt(point, children).id === id)
    .map(({ point, type }) => ({ path: point.slice(root.length), type, pseudo: pseudoTypes.has(type) }));
}

/** id parent major:minor root point options [optional fields] - type source options */
function parseLine(line: string): Line[] {
  const fields = line.split(' ');
  const type = fields[fields.indexOf('-', 6) + 1];
  const [id, parent, , , point] = fields;
  if (id === undefined || parent === undefined || point === undefined || type === undefined) return [];
  const raw = point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return [{ id, parent, point: raw, type }];
}

const outside: Line = { id: '', parent: '', point: '/', type: '' };

/** Resolves a path as the kernel does: from mount to mount, the nearest mount point on the way first, none of them twice. */
function mountedAt(path: RawName, children: ReadonlyMap<string, readonly Line[]>): Line {
  const passed = new Set<Line>();
  for (let current = outside; ; ) {
    const next = (children.get(current.id) ?? [])
      .filter((line) => !passed.has(line))
      .filter(({ point }) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
      .reduce<Line | undefined>(
        (best, line) => (best && best.point.length <= line.point.length ? best : line),
        undefined,
      );
    if (next === undefined) return current;
    passed.add(next);
    current = next;
  }
}

/** Bind mounts within one filesystem stay unseen here; there is no other way to tell them without /proc. */
function mountsByStat(root: RootPrefix): Mounts {
  const found = new Map<RawName, Mount>();
  const deviceOf = (path: RawName) => {
    try {
      return lstatSync(systemPath(root, path), { bigint: true }).dev;
    } catch {
      return undefined;
    }
  };
  return {
    at: (path, isDirectory) => {
      if (!isDirectory || path === '/') return undefined;
      const device = deviceOf(path);
      const above = deviceOf(path.slice(0, path.lastIndexOf('/')) || '/');
      if (device === undefined || above === undefined || device === above) return undefined;
      const type = `0x${statfsSync(systemPath(root, path)).type.toString(16)}`;
      const mount = { path, type: pseudoMagic.get(type) ?? type, pseudo: pseudoMagic.has(type) };
      found.set(path, mount);
      return mount;
    },
    around: (path) => mountAround(found, path),
    all: () => found.values(),
    isListed: false,
    isExpected: openExpectedMounts(root),
  };
}

const pseudoTypes: ReadonlySet<string> = new Set([
  'autofs',
  'binder',
  'binfmt_misc',
  'bpf',
  'cgroup',
  'cgroup2',
  'configfs',
  'cpuset',
  'debugfs',
  'devpts',
  'devtmpfs',
  'efivarfs',
  // Not what is in /proc, but what a container is told of it: another answer each time.
  'fuse.lxcfs',
  'fusectl',
  'hugetlbfs',
  'mqueue',
  'nfsd',
  'nsfs',
  'proc',
  'pstore',
  'resctrl',
  'rpc_pipefs',
  'securityfs',
  'selinuxfs',
  'smackfs',
  'sysfs',
  'tracefs',
]);

/** From statfs(2) and linux/magic.h. devtmpfs has the magic of tmpfs and is entered here: its devices are never opened. */
const pseudoMagic: ReadonlyMap<string, string> = new Map([
  ['0x187', 'autofs'],
  ['0x42494e4d', 'binfmt_misc'],
  ['0xcafe4a11', 'bpf'],
  ['0x27e0eb', 'cgroup'],
  ['0x63677270', 'cgroup2'],
  ['0x62656570', 'configfs'],
  ['0x64626720', 'debugfs'],
  ['0x1cd1', 'devpts'],
  ['0xde5e81e4', 'efivarfs'],
  ['0x65735543', 'fusectl'],
  ['0x958458f6', 'hugetlbfs'],
  ['0x19800202', 'mqueue'],
  ['0x6e667364', 'nfsd'],
  ['0x6e736673', 'nsfs'],
  ['0x9fa0', 'proc'],
  ['0x6165676c', 'pstore'],
  ['0x67596969', 'rpc_pipefs'],
  ['0x73636673', 'securityfs'],
  ['0xf97cff8c', 'selinuxfs'],
  ['0x43415d53', 'smackfs'],
  ['0x62656572', 'sysfs'],
  ['0x74726163', 'tracefs'],
]);
