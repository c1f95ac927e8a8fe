import { statfsSync } from 'node:fs';
import type { Hole, HoleReason } from '../../../shared/coverage.ts';
import type { RawName } from '../../../shared/name.ts';
import { readLink } from '../../host/libc.ts';
import { fileAt } from '../../host/stat.ts';
import { errnoOf, type RootPrefix } from '../system-path.ts';
import { readEnvironment } from './environment.ts';
import { type Libraries, readLibraries } from './libraries.ts';
import { type Holders, type Listeners, readHolders, readListeners } from './listeners.ts';
import { type LoadedModule, parseModules } from './modules.ts';
import { readProcFile } from './proc-file.ts';
import { type Processes, readProcesses } from './processes.ts';

/** What runs on the machine of which the root is the root. */
export interface Machine {
  readonly processes: Pick<Processes, 'programs' | 'copies' | 'contained'>;
  readonly libraries: Libraries;
  /** Names of variables. */
  readonly environment: ReadonlySet<string>;
  /** Undefined where it could not be read. */
  readonly kernel: { readonly release: string; readonly modules: readonly LoadedModule[] } | undefined;
  /** Read when asked for. */
  readonly listeners: () => Listeners;
  readonly holders: (inodes: ReadonlySet<string>, programs?: ReadonlySet<RawName>) => Holders;
  readonly holes: readonly Hole[];
}

/**
 * Undefined unless the root is that of our own mount namespace and /proc is the kernel's, of our own pid namespace: what
 * runs elsewhere says nothing of a tree that merely lies here, nor of a root that is being built in a chroot.
 */
export function readMachine(root: RootPrefix, proc = '/proc'): Machine | undefined {
  if (root !== '' || !isProc(proc)) return undefined;
  const processes = readProcesses(proc);
  if (processes === undefined) return undefined;
  const holes: Hole[] = [];
  if (processes.unseen !== undefined) holes.push({ subject: 'process', name: proc, reason: processes.unseen });
  if (isApart(proc)) holes.push({ subject: 'file', name: `${proc}/self/ns/mnt`, reason: 'private-namespace' });
  const libraries = attempt(() => readLibraries(proc));
  if (libraries === undefined)
    holes.push({ subject: 'loaded-library', name: `${proc}/self/maps`, reason: 'unreadable' });
  const environment = attempt(() => readEnvironment(proc));
  if (environment === undefined)
    holes.push({ subject: 'environment', name: `${proc}/self/environ`, reason: 'unreadable' });
  return {
    processes,
    libraries: libraries ?? new Map(),
    environment: environment ?? new Set(),
    kernel: readKernel(proc, holes),
    listeners: () => readListeners(proc),
    holders: (inodes, programs) => readHolders(proc, processes, inodes, programs),
    holes,
  };
}

const procMagic = 0x9fa0;

function isProc(proc: string): boolean {
  try {
    return statfsSync(proc).type === procMagic && readLink(`${proc}/self`) === `${process.pid}`;
  } catch {
    return false;
  }
}

/** Where somebody stands, and where we do. */
interface Standing {
  /** Mount namespaces. */
  readonly own: string;
  readonly first: string;
  /** Whether process 1 has our root. */
  readonly sharesRoot: boolean;
  /** /proc/self/cgroup. */
  readonly cgroups: string;
}

/**
 * Whether we are shown other mounts than process 1, which has those of the machine. A container is, with a root of its own. With
 * the machine's root, somebody may have given us, and nobody else, mounts over what was changed; and what the machine's service
 * manager starts as our unit has the machine's root, unless somebody gave the unit another. Pure.
 */
export function isPrivate({ own, first, sharesRoot, cgroups }: Standing): boolean {
  return own !== first && (sharesRoot || /\/pristine-agent\.service$/m.test(cgroups));
}

function isApart(proc: string): boolean {
  const [own, first] = [readLink(`${proc}/self/ns/mnt`), readLink(`${proc}/1/ns/mnt`)];
  // Where that may not be read, programs may not either, and a hole says so.
  if (typeof own === 'number' || typeof first === 'number') return false;
  const sharesRoot = fileAt(`${proc}/1/root`, 'follow') === fileAt('/', 'follow');
  const cgroups = attempt(() => readProcFile(`${proc}/self/cgroup`, cgroupBytesMax), '') ?? '';
  return isPrivate({ own, first, sharesRoot, cgroups });
}

const cgroupBytesMax = 64 * 1024;
const releaseBytesMax = 4_096;
const modulesBytesMax = 4 * 1_048_576;

function readKernel(proc: string, holes: Hole[]): Machine['kernel'] {
  const hole = (subject: string, file: string, reason: HoleReason) =>
    void holes.push({ subject, name: `${proc}/${file}`, reason });
  const release = attempt(() => readProcFile(`${proc}/sys/kernel/osrelease`, releaseBytesMax).trim());
  if (release === undefined || release === '') return void hole('kernel-running', 'sys/kernel/osrelease', 'unreadable');
  // A kernel that is built without modules has no such file.
  const text = attempt(() => readProcFile(`${proc}/modules`, modulesBytesMax), '');
  const modules = text === undefined ? undefined : parseModules(text);
  if (modules === undefined) hole('loaded-module', 'modules', text === undefined ? 'unreadable' : 'unparseable');
  return { release, modules: modules ?? [] };
}

/** Undefined where it cannot be read; `absent` where it is not there. */
function attempt<T>(read: () => T, absent?: T): T | undefined {
  try {
    return read();
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? absent : undefined;
  }
}
