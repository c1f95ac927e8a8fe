import { readdirSync } from 'node:fs';
import type { HoleReason } from '../../../shared/coverage.ts';
import type { Digest } from '../../../shared/digest.ts';
import type { RawName } from '../../../shared/name.ts';
import { errno, readLink } from '../../host/libc.ts';
import { fileAt } from '../../host/stat.ts';
import { digestOfMemory } from './memory-file.ts';
import { isWithoutPath, type Program, programOf, worse } from './program.ts';

export interface Processes {
  /** By name, what is worst of the processes that run it. */
  readonly programs: ReadonlyMap<RawName, Program['state']>;
  /** By process id, what it runs; with `container:` before it where that is a file of another root. */
  readonly running: ReadonlyMap<string, RawName>;
  /**
   * By name, the digests of what runs from memory or from no path else: `runc` copies itself there to start each container.
   * `unknown` for one that could not be read to its end.
   */
  readonly copies: ReadonlyMap<RawName, ReadonlySet<Digest | 'unknown'>>;
  /** How many processes belong to containers: the programs there are files of another root. */
  readonly contained: number;
  /** Why some could not be seen. */
  readonly unseen: HoleReason | undefined;
}

/** More programs than this are not looked at, and that is said. */
const programsMax = 20_000;

/**
 * The programs that run on this machine. Undefined when we are in a chroot of it: then the paths of other processes are
 * not those of our root. Kernel threads have no program, nor has what ended while we looked.
 */
export function readProcesses(proc: string): Processes | undefined {
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  const own = ownPlace(proc);
  const programs = new Map<RawName, Program['state']>();
  const running = new Map<string, RawName>();
  const known = new Map<string, RawName>();
  const copies = new Map<RawName, Set<Digest | 'unknown'>>();
  let contained = 0;
  // Process 1 is always there: a /proc that is mounted with `hidepid` shows only what its reader may trace.
  let unseen: HoleReason | undefined = pids.includes('1') ? undefined : 'unreadable';
  for (const pid of pids) {
    const seen = lookAtProcess(`${proc}/${pid}`, own);
    if (seen === 'around-us') return undefined;
    if (typeof seen === 'number') {
      unseen ??= reasonOf(seen);
      continue;
    }
    if (seen.place === 'contained') {
      contained++;
      running.set(pid, `container:${seen.link}`);
      continue;
    }
    const key = `${seen.file} ${seen.link}`;
    let name = known.get(key);
    if (name === undefined) {
      if (known.size === programsMax) {
        unseen = 'too-many';
        continue;
      }
      const program = programOf(seen.link, seen.file, plainFileAt);
      name = program.name;
      if (isWithoutPath(program)) {
        const digest = digestOfMemory(`${proc}/${pid}/exe`);
        // It ended while we looked.
        if (digest === undefined) continue;
        copies.set(name, (copies.get(name) ?? new Set()).add(digest));
      }
      known.set(key, name);
      programs.set(name, worse(programs.get(name), program.state));
    }
    running.set(pid, name);
  }
  return { programs, running, copies, contained, unseen };
}

/** Where somebody is: which directory is the root, in which mount namespace. */
export interface Place {
  readonly root: string;
  readonly namespace: RawName;
}

export function ownPlace(proc: string): Place {
  const namespace = readLink(`${proc}/self/ns/mnt`);
  return { root: `${fileAt('/', 'follow')}`, namespace: typeof namespace === 'number' ? '' : namespace };
}

/** What one process runs, and where, or `-errno`. */
type Seen =
  | { readonly place: 'ours'; readonly link: RawName; readonly file: string }
  | { readonly place: 'contained'; readonly link: RawName };

export function lookAtProcess(at: string, own: Place): Seen | 'around-us' | number {
  const link = readLink(`${at}/exe`);
  if (typeof link === 'number') return link;
  const root = fileAt(`${at}/root`, 'follow');
  if (typeof root === 'number') return root;
  if (root !== own.root) {
    const whose = ownerElsewhere(at, root, own);
    if (whose === 'contained') return { place: whose, link };
    if (whose !== 'ours') return whose;
  }
  const file = fileAt(`${at}/exe`, 'follow');
  return typeof file === 'number' ? file : { place: 'ours', link, file };
}

/**
 * Of a process whose root is another directory. In our mount namespace it is a chroot beneath us, and what runs there is
 * in our sight; or we are in one beneath it. In another it is a container. With our root it would be ours in any namespace:
 * systemd gives one to many a service, and who enters the host from a container has its root.
 */
function ownerElsewhere(at: string, root: string, own: Place): 'ours' | 'contained' | 'around-us' | number {
  const namespace = readLink(`${at}/ns/mnt`);
  if (typeof namespace === 'number') return namespace;
  if (namespace !== own.namespace) return 'contained';
  const link = readLink(`${at}/root`);
  if (typeof link === 'number') return link;
  if (fileAt(link, 'follow') === root) return 'ours';
  return link === '/' ? 'around-us' : 'contained';
}

export function plainFileAt(path: RawName): string | undefined {
  const file = fileAt(path, 'no-follow');
  return typeof file === 'number' ? undefined : file;
}

/** Undefined where there is nothing to see: no program, or no process any more. */
function reasonOf(error: number): HoleReason | undefined {
  switch (-error) {
    case errno.ENOENT:
    case errno.ESRCH:
      return undefined;
    case errno.EACCES:
    case errno.EPERM:
    case errno.ENAMETOOLONG:
      return 'unreadable';
    default:
      return 'io-error';
  }
}
