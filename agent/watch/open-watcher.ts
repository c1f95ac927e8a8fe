import { existsSync } from 'node:fs';
import { rootPrefix } from '../collect/system-path.ts';
import { isMountRoot } from '../host/stat.ts';
import { type DirectoryWatcherOptions, watchDirectories } from './directory-watcher.ts';
import { watchFilesystems } from './filesystem-watcher.ts';
import type { OnLost, Watcher } from './watcher.ts';

export interface WatcherOptions extends Pick<DirectoryWatcherOptions, 'root' | 'onHint' | 'isLeftOut' | 'isSilent'> {
  readonly onLost: OnLost;
}

/** The best that the kernel lets us have here, found by trying: fanotify, or a watch for each directory. */
export async function openWatcher(options: WatcherOptions): Promise<Watcher> {
  const whole = watchWhole(options);
  if (typeof whole !== 'string') return whole;
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
  if (!isMountRoot(root || '/')) return 'the root is only a part of its filesystem';
  return watchFilesystems({ ...options, root });
}
