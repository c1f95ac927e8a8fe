import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssOf } from './program.ts';

/** Watches a tree and says so on a line when it is ready. */
interface WatchPeer {
  readonly name: string;
  readonly command: (root: string) => readonly string[];
  readonly ready: RegExp;
}

const inNode = (file: string) => (root: string) => [process.execPath, join(import.meta.dirname, file), root];

export const watchPeers: readonly WatchPeer[] = [
  { name: 'chokidar', command: inNode('watch-chokidar.ts'), ready: /^ready$/m },
  { name: '@parcel/watcher', command: inNode('watch-parcel.ts'), ready: /^ready$/m },
  { name: 'inotifywait -r', command: (root) => ['inotifywait', '-m', '-r', root], ready: /Watches established/ },
];

const readyMsMax = 120_000;
const settleMs = 5_000;

/** How long a watcher takes until it watches, in milliseconds, and what it then holds in memory, in KiB. */
export async function costOfWatching(
  { name, command, ready }: WatchPeer,
  root: string,
): Promise<{ readonly readyMs: number; readonly rss: number }> {
  const [file, ...args] = command(root) as [string, ...string[]];
  const started = performance.now();
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: readyMsMax });
  try {
    await says(child, ready, name);
    const readyMs = performance.now() - started;
    await sleep(settleMs);
    return { readyMs, rss: rssOf(child.pid as number) };
  } finally {
    child.kill('SIGKILL');
  }
}

function says(child: ChildProcess, ready: RegExp, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (text: Buffer) => {
      said = (said + text).slice(-4_096);
      if (ready.test(said)) resolve();
    };
    child.stdout!.on('data', listen);
    child.stderr!.on('data', listen);
    child.on('error', reject);
    child.on('close', () => reject(new Error(`${name} ended before it watched: ${said}`)));
  });
}
