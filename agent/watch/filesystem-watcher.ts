import { constants, openSync } from 'node:fs';
import type { Actor } from '../../shared/actor.ts';
import type { Clock } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { readMounts } from '../collect/mounts.ts';
import { isLocal } from '../collect/silent-mounts.ts';
import { type RootPrefix, systemPath } from '../collect/system-path.ts';
import {
  filesystemIdAt,
  handleOf,
  markFilesystemAt,
  openByHandle,
  openGroup,
  readEvents,
  unmarkChangesAt,
} from '../host/fanotify.ts';
import { close, cPath, errno, readLink } from '../host/libc.ts';
import { O_PATH } from '../host/open-beneath.ts';
import { openWaiter } from '../host/poll.ts';
import { type FanotifyEvent, parseEvents } from './fanotify-events.ts';
import type { FileWatcher, FileWatcherStatus, OnHint, OnLost } from './watcher.ts';

export interface FilesystemWatcherOptions {
  /** What is looked at: the root of a mount. */
  readonly root: RootPrefix;
  readonly onHint: OnHint;
  readonly onLost: OnLost;
  /** Nothing is told any more from now on, and what happened before may not have been: with the reason. */
  readonly onDeaf: (reason: string) => void;
  /** Called before events are told: what is known of processes is older than they are, else. */
  readonly onEvents: () => void;
  readonly actorOf: (pid: number) => Actor;
  /** A file was opened to be run: by its path within the root. */
  readonly onOpenedToRun: (path: RawName, pid: number) => void;
  /** Filesystems that are not marked, by where they begin within the root. */
  readonly isLeftOut: (name: string, otherDevice: boolean) => boolean;
  readonly clock: Clock;
}

/** Can be told that nobody wants to hear of changes for a while. */
export interface FilesystemWatcher extends FileWatcher {
  pause(): void;
  /** What changes from here on is told again. */
  resume(): void;
}

const eventsBytes = 256 * 1_024;
/** After some events, so long more are gathered: to wake us for each would cost who makes them more than all else. */
const gatherMs = 10;
const waitMsMax = 60_000;

/**
 * One fanotify mark a filesystem: every change of every file on it, whichever way it was reached, and no watch of a
 * directory to miss. Filesystems that are mounted later are marked then. A text says why the kernel does not let us.
 */
export function watchFilesystems(options: FilesystemWatcherOptions): FilesystemWatcher | string {
  const { root, onHint, onLost, onDeaf, isLeftOut, onEvents, actorOf, onOpenedToRun, clock } = options;
  const group = openGroup();
  if (group < 0) return refusal(-group);
  const marked = new Map<RawName, string>();
  let unmarked: string | null = null;
  let deaf: string | null = null;
  let closed = false;
  let isPaused = false;
  /** Why directories of events could not be opened, of those that are being told. */
  let unopened = 0;

  const mountinfo = open('/proc/self/mountinfo', 'r');
  const failed = mountinfo < 0 ? -errno.ENOSYS : mark('') || tryHandles(root);
  if (failed < 0) {
    if (mountinfo >= 0) close(mountinfo);
    close(group);
    return refusal(-failed);
  }
  markMounts(() => undefined);
  const waiter = openWaiter();
  const ended = follow().catch((cause) => {
    deaf = `events can no longer be read: ${sentenceOf(cause)}`;
    if (!closed) onDeaf(deaf);
  });
  return {
    get status(): FileWatcherStatus {
      const error = deaf ?? unmarked;
      return { kind: 'fanotify', state: error === null ? 'watching' : 'partial', directories: 0, error };
    },
    pause: () => {
      if (closed || deaf !== null) return;
      isPaused = true;
      for (const mount of marked.keys()) unmarkChangesAt(group, cPath(root + mount || '/'));
    },
    resume: () => {
      if (!isPaused || closed || deaf !== null) return;
      isPaused = false;
      const failed = mark('');
      if (failed < 0) {
        deaf = refusal(-failed);
        return onDeaf(deaf);
      }
      markMounts((mount) => onHint({ name: encodeRaw(mount), changes: 1, isWritten: false }));
    },
    close: () => {
      closed = true;
      waiter.stop();
      void ended.then(() => {
        close(mountinfo);
        close(group);
      });
    },
  };

  /** Gives 0 or `-errno`. */
  function mark(mount: RawName, onNew: (mount: RawName) => void = () => undefined): number {
    const path = cPath(root + mount || '/');
    const id = filesystemIdAt(path);
    if (typeof id === 'number') return id;
    // Again at each look: a mark ends with its filesystem, and another one or the same may be in that place now.
    const result = markFilesystemAt(group, path, !isPaused);
    if (result < 0) return result;
    const isNew = marked.get(mount) !== id;
    marked.set(mount, id);
    if (isNew) onNew(mount);
    return 0;
  }

  /** Tells which mounts came and went. */
  function markMounts(onChange: (mount: RawName) => void): void {
    unmarked = null;
    const now = new Set<RawName>();
    for (const { path, type, pseudo } of readMounts(root).all()) {
      if (pseudo || isLeftOut(encodeRaw(path), true)) continue;
      now.add(path);
      // Asking it for its mark would hold us as long as it does not answer.
      const result = isLocal(type) ? mark(path, onChange) : undefined;
      if (result === 0) continue;
      const why = result === undefined ? `${type} may not answer` : refusal(-result);
      unmarked = `${encodeRaw(path)} cannot be watched (${why}): it is left to the sweeps`;
    }
    for (const mount of marked.keys()) {
      if (mount === '' || now.has(mount)) continue;
      marked.delete(mount);
      onChange(mount);
    }
  }

  async function follow(): Promise<void> {
    const buffer = Buffer.alloc(eventsBytes);
    const awaited = [
      [group, 'readable'],
      [mountinfo, 'changed'],
    ] as const;
    while (!closed) {
      const [, remounted] = await waiter.wait(awaited, waitMsMax);
      if (closed) return;
      // What was mounted or unmounted hides or shows what was there.
      if (remounted) markMounts((mount) => onHint({ name: encodeRaw(mount), changes: 1, isWritten: false }));
      const length = readEvents(group, buffer);
      if (length > 0) {
        onEvents();
        tell(buffer.subarray(0, length));
        if (length < eventsBytes / 2) await clock.sleep(gatherMs);
      }
      if (length < 0 && length !== -errno.EAGAIN) throw new Error(`error ${-length}`);
    }
  }

  function tell(bytes: Buffer): void {
    const opened = new Map<RawName, number>();
    const directories = new Map<string, readonly RawName[]>();
    try {
      for (const event of parseEvents(bytes)) {
        if (event.isOverflow) onLost('more changes than the kernel keeps for us');
        else if (event.pid !== process.pid) hint(event, directories, opened);
      }
    } finally {
      if (unopened !== 0) onLost(`a directory where something happened cannot be opened: error ${unopened}`);
      unopened = 0;
      for (const fd of opened.values()) if (fd >= 0) close(fd);
    }
  }

  function hint(
    event: FanotifyEvent,
    directories: Map<string, readonly RawName[]>,
    opened: Map<RawName, number>,
  ): void {
    const key = `${event.filesystem} ${event.directory.toString('latin1')}`;
    const places = directories.get(key) ?? placesOf(event, opened);
    directories.set(key, places);
    const { pid, isChange, isClosed, isWritten, isOpenedToRun } = event;
    for (const directory of places) {
      const path = (event.name === '.' ? directory : `${directory}/${event.name}`) || '/';
      if (isChange) onHint({ name: encodeRaw(path), changes: isClosed ? 0 : 1, isWritten, actor: actorOf(pid) });
      if (isOpenedToRun) onOpenedToRun(path, pid);
    }
  }

  /**
   * Where a directory is within the root: at one place in each mount of its filesystem. None where it lies outside, and where it
   * is gone by now: whoever removed it made an event in the directory above. Throws where we may not ask.
   */
  function placesOf({ filesystem, directory }: FanotifyEvent, opened: Map<RawName, number>): readonly RawName[] {
    const places: RawName[] = [];
    for (const [mount, id] of marked) {
      if (id !== filesystem) continue;
      const on = opened.get(mount) ?? open(systemPath(root, mount || '/'), asDirectory);
      opened.set(mount, on);
      if (on < 0) continue;
      const fd = openPatiently(on, directory);
      if (fd === -errno.ESTALE || fd === -errno.ENOENT) return [];
      if (fd === -errno.ENOMEM || fd === -errno.ENFILE || fd === -errno.EMFILE) {
        unopened = -fd;
        return [];
      }
      if (fd < 0) throw new Error(refusal(-fd));
      const link = readLink(`/proc/self/fd/${fd}`);
      close(fd);
      // What is too deep for a path is left to the sweeps, which go there.
      if (link === -errno.ENAMETOOLONG) unopened = errno.ENAMETOOLONG;
      // Of a mount of a part, a directory outside that part has a path that means nothing here.
      if (typeof link === 'number' || !isAtOrBeneath(link, root + mount)) continue;
      places.push(link === (root || '/') ? '' : link.slice(root.length));
    }
    return places;
  }
}

const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK;

/** Not kept open: nobody could unmount it. -1 where there is nothing to open. */
function open(path: string | Buffer, flags: number | 'r'): number {
  try {
    return openSync(path, flags);
  } catch {
    return -1;
  }
}

/**
 * ENOMEM is what ext4 says while the number of a directory that is gone is being given to a new file: a moment later it is ESTALE.
 * Where it stands, there is no memory.
 */
function openPatiently(on: number, directory: Buffer): number {
  for (let attempt = 1; ; attempt++) {
    const fd = openByHandle(on, directory, O_PATH);
    if (fd !== -errno.ENOMEM || attempt === attemptsMax) return fd;
  }
}

const attemptsMax = 100;

function isAtOrBeneath(path: RawName, directory: RawName): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** Whether we may follow the handles that events have: 0 or `-errno`. */
function tryHandles(root: RootPrefix): number {
  const fd = open(systemPath(root, '/'), asDirectory);
  if (fd < 0) return -errno.ENOENT;
  const handle = handleOf(fd);
  const opened = typeof handle === 'number' ? handle : openByHandle(fd, handle, O_PATH);
  if (opened >= 0) close(opened);
  close(fd);
  return Math.min(opened, 0);
}

function refusal(error: number): string {
  switch (error) {
    case errno.EPERM:
      return 'fanotify needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH';
    case errno.EOPNOTSUPP:
    case errno.ENODEV:
    case errno.EXDEV:
      return 'fanotify does not work on this filesystem';
    case errno.ENOSYS:
    case errno.EINVAL:
      return 'this kernel has no fanotify with names (Linux 5.9)';
    default:
      return `fanotify fails with error ${error}`;
  }
}
