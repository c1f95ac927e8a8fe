import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { sentenceOf } from '../../shared/errors.ts';
import { encodeName } from '../../shared/name.ts';
import type { FileWatcher, FileWatcherStatus, OnHint } from './watcher.ts';

export interface DirectoryWatcherOptions {
  /** Absolute path of the root that is looked at. */
  readonly root: string;
  readonly onHint: OnHint;
  /** Directories that are not entered, by name within the root; `otherDevice` when another filesystem begins there. */
  readonly isLeftOut: (name: string, otherDevice: boolean) => boolean;
  /** Where a filesystem begins that does not answer: nobody may even ask what stands there. */
  readonly isSilent?: (name: string) => boolean;
  /** Directories watched at once; those above it are left to the sweeps. One costs about two kilobytes here and one in the kernel. */
  readonly watchedDirectoriesMax?: number;
}

const watchedDirectoriesMax = 20_000;

/** Renamed names waiting to be looked at; above it they are only hinted at, and the sweep finds new directories. */
const renamedMax = 10_000;

/**
 * One inotify watch a directory, through fs.watch. Resolves when the tree that is there now is watched. A directory that
 * appears is first watched and then hinted at as a whole, so that nothing put into it meanwhile is missed.
 */
export async function watchDirectories(options: DirectoryWatcherOptions): Promise<FileWatcher> {
  const max = options.watchedDirectoriesMax ?? watchedDirectoriesMax;
  const root = Buffer.from(options.root === '/' ? '' : options.root);
  /** By latin1 of the path within the root, which keeps every byte; the root itself is the empty path. */
  const watched = new Map<string, FSWatcher>();
  const renamed = new Set<string>();
  let error: string | null = null;
  let closed = false;
  let working = false;

  await enter('', undefined);
  return {
    get status(): FileWatcherStatus {
      const state = error === null ? 'watching' : 'partial';
      return { kind: 'inotify', state, directories: watched.size, error };
    },
    close() {
      closed = true;
      for (const watcher of watched.values()) watcher.close();
      watched.clear();
    },
  };

  /** Watches a directory and all beneath it; without recursion, because depth is for others to choose. */
  async function enter(start: string, parentDevice: number | undefined): Promise<void> {
    const waiting: { readonly path: string; readonly parentDevice: number | undefined }[] = [
      { path: start, parentDevice },
    ];
    for (let next = waiting.pop(); next !== undefined && !closed; next = waiting.pop()) {
      const { path } = next;
      if (options.isSilent?.(nameOf(path))) {
        error = `a filesystem does not answer: ${nameOf(path)} is left to the sweeps`;
        continue;
      }
      const device = await deviceOf(path);
      if (device === undefined) continue;
      if (options.isLeftOut(nameOf(path), next.parentDevice !== undefined && device !== next.parentDevice)) continue;
      if (!add(path)) continue;
      for (const child of await childDirectories(path))
        waiting.push({ path: `${path}/${child}`, parentDevice: device });
    }
  }

  function add(path: string): boolean {
    if (watched.has(path)) return true;
    if (watched.size >= max) {
      error = `more than ${max} directories: the rest is left to the sweeps`;
      return false;
    }
    try {
      // The listener only notes; a watch that ends (its directory is gone) says so in an error and is dropped.
      const watcher = watch(absolute(path), { encoding: 'buffer', persistent: false }, (event, file) =>
        note(path, event, file),
      );
      watcher.on('error', () => drop(path));
      watched.set(path, watcher);
      return true;
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') error = advise(code, sentenceOf(cause));
      return false;
    }
  }

  function note(directory: string, event: string, file: Buffer | null): void {
    if (closed) return;
    const path = file === null ? directory : `${directory}/${file.toString('latin1')}`;
    // Of a change the kernel does not say here whether it is of content or attributes.
    options.onHint({ name: nameOf(path), isWritten: event === 'rename' });
    if (event !== 'rename' || file === null || renamed.size >= renamedMax) return;
    renamed.add(path);
    if (!working) void followRenames();
  }

  /** What came or went under these names may be directories. */
  async function followRenames(): Promise<void> {
    working = true;
    try {
      for (const path of renamed) {
        renamed.delete(path);
        if (closed) return;
        // A directory of this name may be another one now: its watches would tell the old one's news under this name.
        dropTree(path);
        const before = watched.size;
        await enter(path, await deviceOf(path.slice(0, path.lastIndexOf('/'))));
        if (watched.size > before && !closed) options.onHint({ name: nameOf(path), isWritten: false });
      }
    } finally {
      working = false;
    }
  }

  function dropTree(path: string): void {
    if (!watched.has(path)) return;
    for (const other of [...watched.keys()]) {
      if (other === path || other.startsWith(`${path}/`)) drop(other);
    }
  }

  function drop(path: string): void {
    watched.get(path)?.close();
    watched.delete(path);
  }

  function absolute(path: string): Buffer {
    return path === '' && root.length === 0 ? Buffer.from('/') : Buffer.concat([root, Buffer.from(path, 'latin1')]);
  }

  /** Undefined for what is not a directory, or is no longer there. */
  async function deviceOf(path: string): Promise<number | undefined> {
    const stats = await lstat(absolute(path)).catch(() => undefined);
    return stats?.isDirectory() ? stats.dev : undefined;
  }

  async function childDirectories(path: string): Promise<readonly string[]> {
    try {
      const children = await readdir(absolute(path), { withFileTypes: true, encoding: 'buffer' });
      return children.filter((child) => child.isDirectory()).map((child) => child.name.toString('latin1'));
    } catch {
      // Unreadable for us is a hole in every sweep; there is nothing to add here.
      return [];
    }
  }
}

function nameOf(path: string): string {
  return path === '' ? '/' : encodeName(Buffer.from(path, 'latin1'));
}

function advise(code: string | undefined, sentence: string): string {
  if (code === 'ENOSPC')
    return 'no inotify watches left: raise fs.inotify.max_user_watches; the rest is left to the sweeps';
  if (code === 'EMFILE')
    return 'no inotify instances left: raise fs.inotify.max_user_instances; the rest is left to the sweeps';
  return `a directory cannot be watched: ${sentence}`;
}
