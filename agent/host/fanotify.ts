import { AT_EMPTY_PATH, AT_FDCWD, type Call, checked, libc, type Path } from './libc.ts';

/**
 * The calls around fanotify(7): a group tells what happens to every file of the filesystems that are marked in it. Loaded
 * by those who watch alone. Each call gives what the kernel gives, and `-errno` for its -1.
 */
const raw = {
  fanotify_init: libc.func('int fanotify_init(unsigned int, unsigned int)') as Call,
  fanotify_mark: libc.func('int fanotify_mark(int, unsigned int, uint64_t, int, const char *)') as Call,
  name_to_handle_at: libc.func('int name_to_handle_at(int, const char *, uint8_t *, uint8_t *, int)') as Call,
  open_by_handle_at: libc.func('int open_by_handle_at(int, uint8_t *, int)') as Call,
  read: libc.func('int64_t read(int, uint8_t *, uint64_t)') as Call,
  statfs: libc.func('int statfs(const char *, uint8_t *)') as Call,
};

const [closeOnExec, nonBlocking, reportDirectory, reportName] = [0x1, 0x2, 0x400, 0x800];
const [markAdd, markRemove, markFilesystem] = [0x1, 0x2, 0x100];

/** Bits of an event's mask, from linux/fanotify.h. */
export const fanotify = {
  modify: 0x2,
  attributes: 0x4,
  closeWrite: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  openExec: 0x1000,
  overflow: 0x4000,
  onDirectory: 0x40000000,
} as const;

const changes =
  fanotify.modify |
  fanotify.attributes |
  fanotify.closeWrite |
  fanotify.movedFrom |
  fanotify.movedTo |
  fanotify.create |
  fanotify.delete |
  fanotify.onDirectory;

/** A group that only notifies, with the directory and the name of each event: Linux 5.9, CAP_SYS_ADMIN for what we mark. */
export const openGroup = (): number =>
  checked(raw.fanotify_init(closeOnExec | nonBlocking | reportDirectory | reportName, 0));

/** Marks the whole filesystem that is mounted at a path, for what is run there and, mostly, for what changes. */
export function markFilesystemAt(group: number, path: Path, changesToo: boolean): number {
  const mask = fanotify.openExec | (changesToo ? changes : 0);
  return checked(raw.fanotify_mark(group, markAdd | markFilesystem, mask, AT_FDCWD, path));
}

/** From now on the kernel tells no changes there, which costs who makes them nothing. */
export const unmarkChangesAt = (group: number, path: Path): number =>
  checked(raw.fanotify_mark(group, markRemove | markFilesystem, changes, AT_FDCWD, path));

/** The events that wait, as bytes; -EAGAIN when none does. */
export const readEvents = (group: number, into: Buffer): number => checked(raw.read(group, into, into.length));

/** Opens what a `struct file_handle` means, on the filesystem of an open file. Needs CAP_DAC_READ_SEARCH. */
export const openByHandle = (of: number, handle: Buffer, flags: number): number =>
  checked(raw.open_by_handle_at(of, handle, flags));

const handleBytesMax = 128;

/** The `struct file_handle` of what an open file is, or `-errno`. */
export function handleOf(fd: number): Buffer | number {
  const handle = Buffer.alloc(8 + handleBytesMax);
  handle.writeUInt32LE(handleBytesMax, 0);
  const failed = checked(raw.name_to_handle_at(fd, '', handle, Buffer.alloc(4), AT_EMPTY_PATH));
  return failed < 0 ? failed : handle;
}

const statfsBuffer = Buffer.alloc(120);

/** The id by which events name a filesystem, as hex; `-errno` where there is nothing. `f_fsid` of struct statfs. */
export function filesystemIdAt(path: Path): string | number {
  const failed = checked(raw.statfs(path, statfsBuffer));
  return failed < 0 ? failed : statfsBuffer.toString('hex', 56, 64);
}
