import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from './scratch.ts';

/** A root whose systemd runs as process 1 of namespaces of its own. */
export interface Booted {
  inside(...command: readonly string[]): { readonly status: number | null; readonly stdout: string };
  /** All of it ends with its process 1. What stays are empty control groups, which cost nothing. */
  shutDown(): void;
}

const bootMsMax = 60_000;
const path = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Boots a root that has systemd. Needs root and control groups that it may write; undefined where systemd does not come up,
 * as in a container that is not let.
 */
export async function boot(root: string): Promise<Booted | undefined> {
  const to = (name: string) => quoted(join(root, name));
  const script = [
    'set -e',
    `mount -t proc proc ${to('proc')}`,
    ...['sys', 'dev'].map((name) => `mount --rbind /${name} ${to(name)}`),
    ...['run', 'tmp'].map((name) => `mount -t tmpfs tmpfs ${to(name)}`),
    `exec chroot ${quoted(root)} /usr/bin/env -i container=other PATH=${path} /usr/lib/systemd/systemd --system --show-status=no`,
  ].join('\n');
  const namespaces = ['--pid', '--fork', '--mount', '--uts', '--ipc', '--cgroup'];
  const parent = spawn('unshare', [...namespaces, 'sh', '-c', script], { stdio: 'ignore' });
  const booted: Booted = {
    inside(...command) {
      const enter = ['--target', String(childOf(parent.pid)), '--all', '--root', '--wd', '--'];
      return spawnSync('nsenter', [...enter, '/usr/bin/env', '-i', `PATH=${path}`, ...command], { encoding: 'utf8' });
    },
    shutDown() {
      const first = childOf(parent.pid);
      if (first !== undefined) process.kill(first, 'SIGKILL');
    },
  };
  for (const begun = performance.now(); performance.now() - begun < bootMsMax && parent.exitCode === null; ) {
    await sleep(100);
    if (childOf(parent.pid) === undefined) continue;
    const state = booted.inside('systemctl', 'is-system-running').stdout.trim();
    if (state === 'running' || state === 'degraded') return booted;
  }
  booted.shutDown();
  return undefined;
}

function childOf(pid: number | undefined): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}
