import { existsSync } from 'node:fs';
import { isWholeMount } from '../collect/mounts.ts';
import { rootPrefix } from '../collect/system-path.ts';
import { isMountRoot } from '../host/stat.ts';
import { type DirectoryWatcherOptions, watchDirectories } from './directory-watcher.ts';
import { watchFilesystems } from './filesystem-watcher.ts';
import type { OnLost, Watcher } from './watcher.ts';

export interface WatcherOptions extends Pick<DirectoryWatcherOptions, 'root' | 'onHint' | 'isLeftOut' | 'isSilent'> {
  readonly onLost: OnLost;
  /** Whether to try for whole filesystems first. */
  readonly whole: boolean;
}

/** A watch for each directory, or what is better where it was asked for and the kernel lets us. */
export async function openWatcher(options: WatcherOptions): Promise<Watcher> {
  const whole = options.whole ? watchWhole(options) : null;
  if (whole !== null && typeof whole !== 'string') return whole;
  const watcher = await watchDirectories(options);
  return {
    get status() {
      return { ...watcher.status, why: whole };
    },
    close: () => watcher.close(),
  };
}

/** Of a filesystem that holds more than the root, all the rest would be told too. */
function watchWhole(options: WatcherOptions): Watcher | string {
  if (!existsSync(options.root)) return 'the root is not there';
  const root = rootPrefix(options.root);
  if (!isMountRoot(root || '/') || !isWholeMount(root)) return 'the root is only a part of its filesystem';
  return watchFilesystems({ ...options, root });
}
