import { existsSync } from 'node:fs';
import { sentenceOf } from '../../shared/errors.ts';
import { isWholeMount } from '../collect/mounts.ts';
import { rootPrefix } from '../collect/system-path.ts';
import { isMountRoot } from '../host/stat.ts';
import { type DirectoryWatcherOptions, watchDirectories } from './directory-watcher.ts';
import { type FilesystemWatcherOptions, watchFilesystems } from './filesystem-watcher.ts';
import type { OnLost, Watcher } from './watcher.ts';

export interface WatcherOptions extends Pick<DirectoryWatcherOptions, 'root' | 'onHint' | 'isLeftOut' | 'isSilent'> {
  readonly onLost: OnLost;
  /** Whether to try for whole filesystems first. */
  readonly whole: boolean;
}

/**
 * A watch for each directory, or what is better where it was asked for and the kernel lets us: as long as it does. When it no
 * longer tells anything, directories are watched in its place, and all may have changed meanwhile.
 */
export async function openWatcher(options: WatcherOptions): Promise<Watcher> {
  let watcher: Watcher | undefined;
  let why: string | null = null;
  let closed = false;
  const watchEach = async (reason: string | null) => {
    why = reason;
    const opened = await watchDirectories(options);
    watcher?.close();
    watcher = opened;
    if (closed) opened.close();
  };
  const onDeaf = (reason: string) => {
    watchEach(reason).then(
      () => options.onLost(reason),
      (cause) => options.onLost(`${reason}; ${sentenceOf(cause)}`),
    );
  };
  const whole = options.whole ? watchWhole({ ...options, onDeaf }) : null;
  if (whole === null || typeof whole === 'string') await watchEach(whole);
  else watcher = whole;
  return {
    get status() {
      return { ...watcher!.status, why };
    },
    close: () => {
      closed = true;
      watcher!.close();
    },
  };
}

/** Of a filesystem that holds more than the root, all the rest would be told too. */
function watchWhole(options: WatcherOptions & Pick<FilesystemWatcherOptions, 'onDeaf'>): Watcher | string {
  if (!existsSync(options.root)) return 'the root is not there';
  const root = rootPrefix(options.root);
  if (!isMountRoot(root || '/') || !isWholeMount(root)) return 'the root is only a part of its filesystem';
  return watchFilesystems({ ...options, root });
}
