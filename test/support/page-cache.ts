import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, statfsSync } from 'node:fs';
import { posixFadviseDontneed } from '../../agent/host/libc.ts';

/** Of each file, how much of it is in memory: `fincore` of util-linux. */
export function residentBytes(files: readonly string[]): number {
  const out = execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', ...files], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  return out.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

/** Out of memory, once they are on disk. Does not write to them. */
export function coolDown(files: readonly string[]): void {
  execFileSync('sync');
  for (const file of files) {
    const fd = openSync(file, 'r');
    posixFadviseDontneed(fd, 0, 0);
    closeSync(fd);
  }
}

export function warmUp(files: readonly string[]): void {
  execFileSync('cat', [...files], { stdio: ['ignore', 'ignore', 'inherit'] });
}

const tmpfsMagic = 0x01021994;

/** Whether files of this directory can be in memory or not, and whether anybody can tell. */
export function hasPageCache(directory: string): boolean {
  return statfsSync(directory).type !== tmpfsMagic && spawnSync('fincore', ['--version']).status === 0;
}
