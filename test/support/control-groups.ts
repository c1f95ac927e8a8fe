import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { leftoverPrefix } from './scratch.ts';
import { until } from './until.ts';

/** Control groups of one test file, in whichever hierarchies this kernel has. `remove()` takes them away; so does the next run after a crash. */
export interface ControlGroups {
  /** Within each hierarchy, as container engines are told. */
  readonly path: string;
  /** For sh: the group of this name in the hierarchy that systemd keeps its units in; made where it is missing, and entered. */
  readonly enter: (name: string) => string;
  /** Ends who is still in them. */
  remove(): Promise<void>;
}

export async function controlGroups(): Promise<ControlGroups> {
  for (const hierarchy of hierarchies()) {
    for (const name of readdirSync(hierarchy).filter((entry) => entry.startsWith(leftoverPrefix))) {
      const isUsed = existsSync(`/proc/${name.slice(leftoverPrefix.length)}`);
      if (!isUsed) await removeGroup(join(hierarchy, name));
    }
  }
  const top = `${leftoverPrefix}${process.pid}`;
  return {
    path: `/${top}`,
    enter: (name) => {
      const group = join(hierarchyOfUnits(), top, name);
      return `mkdir -p ${group}; echo $$ > ${group}/cgroup.procs`;
    },
    remove: async () => {
      for (const hierarchy of hierarchies()) await removeGroup(join(hierarchy, top));
    },
  };
}

/** Where they are mounted (cgroups(7)). */
function hierarchies(): readonly string[] {
  return mounts().map(({ at }) => at);
}

function hierarchyOfUnits(): string {
  const all = mounts();
  const found =
    all.find(({ options }) => options.includes('name=systemd')) ?? all.find(({ type }) => type === 'cgroup2');
  if (found === undefined) throw new Error('no control groups are mounted');
  return found.at;
}

function mounts(): readonly { readonly at: string; readonly type: string; readonly options: readonly string[] }[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, at, type, options]) => ({ at: at!, type: type!, options: options!.split(',') }));
}

async function removeGroup(group: string): Promise<void> {
  if (!existsSync(group)) return;
  for (const child of readdirSync(group, { withFileTypes: true })) {
    if (child.isDirectory()) await removeGroup(join(group, child.name));
  }
  await until(() => {
    for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) kill(Number(pid));
    return isRemoved(group);
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** A group can go once nobody is left in it, who takes a moment to end. */
function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw cause;
  }
}
