import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { sentenceOf } from '../../shared/errors.ts';
import { encodeName } from '../../shared/name.ts';
import { isImportant } from './important.ts';
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
  /** Names that came or went and wait to be looked at. Past it all directories are watched anew, and hinted at as one. */
  readonly renamedMax?: number;
}

interface Place {
  readonly path: string;
  readonly parentDevice: number | undefined;
  /** Whether the directory above is watched. */
  readonly hasRoom: boolean;
}

const watchedDirectoriesMax = 20_000;
/** Directories that are counted though they are not watched; where there are more, it is said that there are at least so many. */
const unwatchedDirectoriesMax = 100_000;

/**
 * One inotify watch a directory, through fs.watch. Resolves when the tree that is there now is watched. A directory that
 * appears is first watched and then hinted at as a whole, so that nothing put into it meanwhile is missed.
 */
export async function watchDirectories(options: DirectoryWatcherOptions): Promise<FileWatcher> {
  const { watchedDirectoriesMax: max = watchedDirectoriesMax, renamedMax = 10_000 } = options;
  const root = Buffer.from(options.root === '/' ? '' : options.root);
  const ownName = Buffer.from(basename(options.root));
  /** By latin1 of the path within the root, which keeps every byte; the root itself is the empty path. */
  const watched = new Map<string, FSWatcher>();
  const renamed = new Set<string>();
  let why: string | undefined;
  /** Since all was looked through; those that are gone since are not taken off. */
  let unwatched = 0;
  let hasMissed = false;
  let closed = false;
  let working = false;

  await enter('', undefined);
  return {
    get status(): FileWatcherStatus {
      const state = why === undefined ? 'watching' : 'partial';
      return { kind: 'inotify', state, directories: watched.size, error: why === undefined ? null : reason(why) };
    },
    close() {
      closed = true;
      for (const watcher of watched.values()) watcher.close();
      watched.clear();
    },
  };

  function reason(why: string): string {
    if (unwatched === 0) return why;
    return `${why}: ${unwatched < unwatchedDirectoriesMax ? '' : 'at least '}${unwatched} directories are left to the sweeps`;
  }

  /**
   * Watches a directory and all beneath it, what is important first, and then what is high in the tree: where there are more than can
   * be watched, what is left out is deep, and little else.
   */
  async function enter(start: string, parentDevice: number | undefined): Promise<void> {
    const [important, others] = [openQueue<Place>(), openQueue<Place>()];
    const put = (place: Place) => (isImportant(place.path) ? important : others).put(place);
    const next = () => important.take() ?? others.take();
    put({ path: start, parentDevice, hasRoom: true });
    for (let place = next(); place !== undefined && !closed; place = next()) {
      const { path } = place;
      if (options.isSilent?.(nameOf(path))) {
        why = `a filesystem does not answer: ${nameOf(path)} is left to the sweeps`;
        continue;
      }
      const device = await deviceOf(path);
      if (device === undefined) continue;
      if (options.isLeftOut(nameOf(path), place.parentDevice !== undefined && device !== place.parentDevice)) continue;
      // Whatever became of a directory above, its own watch would go on under the name that it had.
      const hasRoom = place.hasRoom && add(path);
      if (!hasRoom && ++unwatched >= unwatchedDirectoriesMax) return;
      for (const child of await childDirectories(path))
        put({ path: `${path}/${child}`, parentDevice: device, hasRoom });
    }
  }

  function add(path: string): boolean {
    if (watched.has(path)) return true;
    if (watched.size >= max) {
      why = `no more than ${max} directories are watched`;
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
      // Its end is told of above it.
      if (code === 'ENOENT' || code === 'ENOTDIR') return true;
      why = advise(code, sentenceOf(cause));
      return false;
    }
  }

  function note(directory: string, event: string, file: Buffer | null): void {
    if (closed) return;
    // Of a directory itself the kernel gives no name, and libuv the last part of its path. All but the root's are told above it, too.
    if (directory === '' && file?.equals(ownName)) {
      options.onHint({ name: '/', changes: 1, isWritten: false });
      if (file.length === 0) return;
    }
    const path = file === null ? directory : `${directory}/${file.toString('latin1')}`;
    // Of a change the kernel does not say here whether it is of content or attributes.
    options.onHint({ name: nameOf(path), changes: 1, isWritten: event === 'rename' });
    if (event !== 'rename' || file === null) return;
    if (renamed.size < renamedMax) renamed.add(path);
    else hasMissed = true;
    if (!working) void followRenames();
  }

  /** What came or went under these names may be directories. */
  async function followRenames(): Promise<void> {
    working = true;
    try {
      while (!closed && (renamed.size > 0 || hasMissed)) {
        for (const path of renamed) await follow(path);
        if (hasMissed) await beginAnew();
      }
    } finally {
      working = false;
    }
  }

  async function follow(path: string): Promise<void> {
    renamed.delete(path);
    if (closed) return;
    // A directory of this name may be another one now: its watches would tell the old one's news under this name.
    dropTree(path);
    const before = watched.size;
    await enter(path, await deviceOf(path.slice(0, path.lastIndexOf('/'))));
    if (watched.size > before && !closed) options.onHint({ name: nameOf(path), changes: 0, isWritten: false });
  }

  /** Some directories came or went unseen. */
  async function beginAnew(): Promise<void> {
    hasMissed = false;
    dropTree('');
    [why, unwatched] = [undefined, 0];
    await enter('', undefined);
    if (!closed) options.onHint({ name: '/', changes: 0, isWritten: false });
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

interface Queue<T> {
  readonly put: (item: T) => void;
  readonly take: () => T | undefined;
}

/** Array.shift moves all that is left. */
function openQueue<T>(): Queue<T> {
  let items: T[] = [];
  let at = 0;
  return {
    put: (item) => void items.push(item),
    take: () => {
      if (at < items.length) return items[at++];
      [items, at] = [[], 0];
      return undefined;
    },
  };
}

function nameOf(path: string): string {
  return path === '' ? '/' : encodeName(Buffer.from(path, 'latin1'));
}

function advise(code: string | undefined, sentence: string): string {
  if (code === 'ENOSPC') return 'no inotify watches left, raise fs.inotify.max_user_watches';
  if (code === 'EMFILE') return 'no inotify instances left, raise fs.inotify.max_user_instances';
  return `a directory cannot be watched: ${sentence}`;
}
