import { existsSync } from 'node:fs';
import { sentenceOf } from '../../shared/errors.ts';
import { isWholeMount } from '../collect/mounts.ts';
import { rootPrefix } from '../collect/system-path.ts';
import { isMountRoot } from '../host/stat.ts';
import { type DirectoryWatcherOptions, watchDirectories } from './directory-watcher.ts';
import { type FilesystemWatcher, type FilesystemWatcherOptions, watchFilesystems } from './filesystem-watcher.ts';
import { watchFolders } from './folder-watcher.ts';
import { followProcesses, type Processes, type ProcessesOptions } from './processes.ts';
import type { FileWatcher, Watcher } from './watcher.ts';

export interface WatcherOptions
  extends Pick<FilesystemWatcherOptions, 'onLost'>,
    Pick<DirectoryWatcherOptions, 'root' | 'onHint' | 'isLeftOut' | 'isSilent'>,
    Omit<ProcessesOptions, 'isToldOfOpens'> {
  /** Whole filesystems where that can be, each directory of the root, or all beneath some folders in it. */
  readonly what: 'filesystems' | 'directories' | readonly string[];
}

/**
 * One mark for each filesystem where the kernel lets us, as long as it does, and else a watch for each directory: then all may
 * have changed meanwhile. Where only some folders are asked for, these. Beside it the processes of the machine are followed, as far as that can be.
 */
export async function openWatcher(options: WatcherOptions): Promise<Watcher> {
  let watcher: FileWatcher | undefined;
  const processes = followProcesses({ ...options, isToldOfOpens: () => watcher?.status.kind === 'fanotify' });
  let whole: FilesystemWatcher | null = null;
  let why: string | null = null;
  let closed = false;
  const watchEach = async (reason: string | null) => {
    why = reason;
    whole = null;
    const { what: folders } = options;
    const opened = await (typeof folders === 'string'
      ? watchDirectories(options)
      : watchFolders({ ...options, folders }));
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
  const found = options.what === 'filesystems' ? watchWhole({ ...options, onDeaf }, processes) : null;
  if (found === null || typeof found === 'string') await watchEach(found);
  else watcher = whole = found;
  return {
    get status() {
      return { ...watcher!.status, why, processes: processes.error };
    },
    doubt: processes.doubt,
    pause: () => whole?.pause(),
    resume: () => whole?.resume(),
    close: () => {
      closed = true;
      watcher!.close();
      processes.close();
    },
  };
}

/** Of a filesystem that holds more than the root, all the rest would be told too. */
function watchWhole(
  options: WatcherOptions & Pick<FilesystemWatcherOptions, 'onDeaf'>,
  { actorOf, drain, opened }: Processes,
): FilesystemWatcher | string {
  if (!existsSync(options.root)) return 'the root is not there';
  const root = rootPrefix(options.root);
  if (!isMountRoot(root || '/') || !isWholeMount(root)) return 'the root is only a part of its filesystem';
  return watchFilesystems({
    ...{ ...options, root, actorOf },
    onEvents: drain,
    onOpenedToRun: (path, pid) => opened(root + path, pid),
  });
}
