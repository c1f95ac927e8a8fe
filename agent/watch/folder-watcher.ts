import { sentenceOf } from '../../shared/errors.ts';
import { encodeName } from '../../shared/name.ts';
import type { FileWatcher, FileWatcherStatus, OnHint } from './watcher.ts';

export interface FolderWatcherOptions {
  /** Absolute path of the root that is looked at. */
  readonly root: string;
  /** Within the root, each with all beneath it. */
  readonly folders: readonly string[];
  readonly onHint: OnHint;
  /** Directories that are not entered, by name within the root. */
  readonly isLeftOut: (name: string, otherDevice: boolean) => boolean;
}

/**
 * A list of chosen folders, through chokidar. It loses events without a word when there are many at once, and tells nothing of
 * names that are no text: sweeps make up for both. Resolves when what is there now is watched.
 */
export async function watchFolders({ root, folders, onHint, isLeftOut }: FolderWatcherOptions): Promise<FileWatcher> {
  // Loaded here, because hardly anybody asks for it.
  const { watch } = await import('chokidar');
  const top = root === '/' ? '' : root;
  const nameOf = (path: string) => encodeName(Buffer.from(path.slice(top.length) || '/'));
  let error: string | null = null;
  const watcher = watch(
    folders.map((folder) => top + folder),
    {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path, stats) => stats?.isDirectory() === true && isLeftOut(nameOf(path), false),
    },
  );
  watcher.on('all', (event, path) => onHint({ name: nameOf(path), changes: 1, isWritten: event !== 'change' }));
  watcher.on('error', (cause) => {
    error = `not all is watched: ${sentenceOf(cause)}`;
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return {
    get status(): FileWatcherStatus {
      const directories = Object.keys(watcher.getWatched()).length;
      return { kind: 'chokidar', state: error === null ? 'watching' : 'partial', directories, error };
    },
    close: () => void watcher.close(),
  };
}
