import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { RawName } from '../../shared/name.ts';
import { directoryRoot, type Root } from '../collect/root.ts';
import type { BootFacts } from './settled.ts';

/** Of the kernel's clock that /proc counts in; the same on every architecture that it tells programs of (proc(5)). */
const msPerTick = 10;

/** What this machine and the root say of their boot. What cannot be read is taken for not there. */
export function readBoot(root: string): BootFacts {
  return {
    kernelBoot: readText('/proc/sys/kernel/random/boot_id'),
    uptimeMs: uptime() * 1_000,
    bornMs: bornMs(),
    cloudInit: cloudInitOf(directoryRoot(root === '/' ? '' : root)),
  };
}

/**
 * cloud-init puts its result into /run, which no boot inherits, when its last stage ends. What it leaves on the disk would
 * say so of the boot before, too.
 */
export function cloudInitOf(root: Root): BootFacts['cloudInit'] {
  if (isThere(root, '/run/cloud-init/result.json')) return 'done';
  const isOff = ['/etc/cloud/cloud-init.disabled', '/run/cloud-init/disabled'].some((path) => isThere(root, path));
  return isOff || !isThere(root, '/usr/bin/cloud-init') ? 'absent' : 'running';
}

function isThere(root: Root, path: RawName): boolean {
  try {
    root.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Field 22 of the first process. The second one is its name and may hold anything, also parentheses. */
function bornMs(): number {
  const stat = readText('/proc/1/stat') ?? '';
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isSafeInteger(ticks) && ticks > 0 ? ticks * msPerTick : 0;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
