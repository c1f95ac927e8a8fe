import { constants } from 'node:os';
import koffi from 'koffi';

/**
 * The calls of the C library that Node does not offer. Paths are strings for ASCII or buffers that end in NUL; each call
 * gives what the kernel gives, and `-errno` for its -1. None of them waits for anything but a disk.
 */
export const libc = koffi.load(null);

export type Path = string | Buffer;
export type Call = (...args: readonly (number | Path | Uint8Array)[]) => number;

const openat2Number = 437;
const getdents64Number = numberOf({ x64: 217, arm64: 61 });

const raw = {
  close: libc.func('int close(int)') as Call,
  flistxattr: libc.func('int64_t flistxattr(int, uint8_t *, uint64_t)') as Call,
  fgetxattr: libc.func('int64_t fgetxattr(int, const char *, uint8_t *, uint64_t)') as Call,
  getdents64: libc.func('int64_t syscall(int64_t, int, uint8_t *, uint64_t)') as Call,
  listxattr: libc.func('int64_t listxattr(const char *, uint8_t *, uint64_t)') as Call,
  llistxattr: libc.func('int64_t llistxattr(const char *, uint8_t *, uint64_t)') as Call,
  getxattr: libc.func('int64_t getxattr(const char *, const char *, uint8_t *, uint64_t)') as Call,
  lgetxattr: libc.func('int64_t lgetxattr(const char *, const char *, uint8_t *, uint64_t)') as Call,
  mincore: libc.func('int mincore(int64_t, uint64_t, uint8_t *)') as Call,
  mmap: libc.func('int64_t mmap(int64_t, uint64_t, int, int, int, int64_t)') as Call,
  munmap: libc.func('int munmap(int64_t, uint64_t)') as Call,
  openat: libc.func('int openat(int, const char *, int, int)') as Call,
  openat2: libc.func('int64_t syscall(int64_t, int, const char *, uint8_t *, uint64_t)') as Call,
  posix_fadvise: libc.func('int posix_fadvise(int, int64_t, int64_t, int)') as Call,
  readlinkat: libc.func('int64_t readlinkat(int, const char *, uint8_t *, uint64_t)') as Call,
  sysconf: libc.func('int64_t sysconf(int)') as Call,
  statx: libc.func('int statx(int, const char *, int, unsigned int, uint8_t *)') as Call,
};

export const errno = constants.errno;
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_SYMLINK_NOFOLLOW = 0x100;
/** STATX_BASIC_STATS and STATX_MNT_ID. */
const statxMask = 0x17ff;

export const close = (fd: number): number => checked(raw.close(fd));
export const openat = (fd: number, path: Path, flags: number): number => checked(raw.openat(fd, path, flags, 0));
/** openat2(2), Linux 5.6. `how` is the structure as bytes. */
export const openat2 = (fd: number, path: Path, how: Buffer): number =>
  checked(raw.openat2(openat2Number, fd, path, how, how.length));
/** Fills 256 bytes as statx(2) says. */
export const statx = (fd: number, path: Path, flags: number, into: Buffer): number =>
  checked(raw.statx(fd, path, flags, statxMask, into));
export const readlinkat = (fd: number, path: Path, into: Buffer): number =>
  checked(raw.readlinkat(fd, path, into, into.length));
/** What a link says, as raw bytes, or `-errno`. Takes an absolute path. */
export function readLink(path: string): string | number {
  const length = readlinkat(AT_FDCWD, cPath(path), linkBuffer);
  return length < 0 ? length : linkBuffer.toString('latin1', 0, length);
}

/** A page, which is the most that the kernel gives. */
const linkBuffer = Buffer.alloc(4_096);

/** Entries of a directory as getdents64(2) lays them out; 0 at the end. */
export const getdents64 = (fd: number, into: Buffer): number =>
  checked(raw.getdents64(getdents64Number, fd, into, into.length));

const pageSizeName = 30;
export const pageBytes = raw.sysconf(pageSizeName);
const [protRead, mapShared, dontneed] = [1, 1, 4];

/** The address of a part of a file, to ask the kernel about it and not to read it. */
export const mmap = (length: number, fd: number, offset: number): number =>
  checked(raw.mmap(0, length, protRead, mapShared, fd, offset));
export const munmap = (address: number, length: number): number => checked(raw.munmap(address, length));
/** Writes a byte for each page: 1 in its lowest bit when it is in memory. */
export const mincore = (address: number, length: number, into: Uint8Array): number =>
  checked(raw.mincore(address, length, into));
/** Advice only: what it gives says nothing of what became of it. */
export const posixFadviseDontneed = (fd: number, offset: number, length: number): number =>
  raw.posix_fadvise(fd, offset, length, dontneed);

/**
 * A buffer that begins where a page does. A large one of Node's begins 16 bytes after, and to copy a page there takes
 * processors that repeat string moves by microcode (AMD's since Zen 3) five times as long: they take the move for one
 * that overlaps.
 */
export function pageAligned(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes + pageBytes);
  const past = Number(koffi.address(buffer)) % pageBytes;
  return buffer.subarray(pageBytes - past, pageBytes - past + bytes);
}

/** An open file, or a path with or without following a link at its end. */
export type XattrHolder = number | { readonly path: Path; readonly follow: boolean };

export function listXattrs(of: XattrHolder, into: Buffer): number {
  if (typeof of === 'number') return checked(raw.flistxattr(of, into, into.length));
  return checked((of.follow ? raw.listxattr : raw.llistxattr)(of.path, into, into.length));
}

export function readXattr(of: XattrHolder, name: Path, into: Buffer): number {
  if (typeof of === 'number') return checked(raw.fgetxattr(of, name, into, into.length));
  return checked((of.follow ? raw.getxattr : raw.lgetxattr)(of.path, name, into, into.length));
}

/** What the kernel gets for raw bytes: a plain name is the same as a string, which is cheaper. */
export function cPath(path: string): Path {
  return ascii.test(path) ? path : Buffer.from(`${path}\0`, 'latin1');
}

const ascii = /^[\x01-\x7f]*$/;

/** What a call gave, or `-errno`. */
export function checked(result: number): number {
  return result === -1 ? -koffi.errno() : result;
}

/** Of a system call that the C library does not know, by architecture. */
export function numberOf(numbers: Readonly<Record<string, number>>): number {
  const number = numbers[process.arch];
  if (number === undefined) throw new Error(`pristine does not know the system calls of ${process.arch}`);
  return number;
}
