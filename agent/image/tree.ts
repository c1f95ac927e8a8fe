import type { FileType } from '../../shared/entry.ts';
import { encodeRaw, type RawName, rawNameBytesMax } from '../../shared/name.ts';
import type { XattrFacts } from '../collect/xattrs.ts';
import { archiveError } from './archive-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { FileData } from './file-data.ts';
import type { TarEntry } from './tar-entries.ts';

/** What a name stands for. Hard links are names of one and the same. */
export interface Inode {
  readonly type: FileType;
  mode: number;
  uid: number;
  gid: number;
  xattrs: XattrFacts;
  /** Links only. */
  readonly target?: RawName;
  /** Devices only. */
  readonly rdev?: string;
  /** Regular files only: the content, and the tar in which it lies. */
  readonly data?: FileData;
  readonly layer?: ByteSource;
  /** Directories only. */
  readonly children?: Map<RawName, Inode>;
}

export type Directory = Inode & { readonly children: Map<RawName, Inode> };

/** As unpacking makes a directory that no entry speaks of. */
export function newDirectory(): Directory {
  return { type: 'dir', mode: 0o755, uid: 0, gid: 0, xattrs: {}, children: new Map() };
}

export function isDirectory(inode: Inode | undefined): inode is Directory {
  return inode?.children !== undefined;
}

/** The parts of a name in an archive, absolute or not. Errors: ARCHIVE for one that leads upwards, or is longer than any path. */
export function partsOf(name: RawName): readonly RawName[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw archiveError(`${encodeRaw(name)} leads out of its directory by \`..\``);
  if (name.length > rawNameBytesMax) throw archiveError(`a name in the archive has ${name.length} bytes`);
  return parts;
}

const linksMax = 40;

/**
 * The directory that parts lead to, where links on the way lead inside the image as they do once it runs, and what is
 * missing is made where `make` says so. Undefined where something is missing, or no directory. Errors: ARCHIVE for a link
 * that leads above the root, and for links without end.
 */
export function directoryAt(root: Directory, parts: readonly RawName[], make: boolean): Directory | undefined {
  const left = [...parts].reverse();
  const way: Directory[] = [root];
  for (let links = 0; left.length > 0; ) {
    const part = left.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      way.pop();
      if (way.length === 0) throw leadsOut(parts);
      continue;
    }
    const directory = way.at(-1)!;
    let next = directory.children.get(part);
    if (next === undefined && make) {
      next = newDirectory();
      directory.children.set(part, next);
    }
    if (next?.target !== undefined) {
      if (++links > linksMax) throw archiveError(`${shown(parts)} leads through links without end`);
      if (next.target.startsWith('/')) way.length = 1;
      left.push(...next.target.split('/').reverse());
    } else if (isDirectory(next)) way.push(next);
    else return undefined;
  }
  return way.at(-1);
}

function leadsOut(parts: readonly RawName[]): Error {
  return archiveError(`${shown(parts)} leads out of the image through a link`);
}

function shown(parts: readonly RawName[]): string {
  return encodeRaw(`/${parts.join('/')}`);
}

/**
 * Puts an entry in its place as unpacking does: a directory over a directory replaces its attributes, anything else replaces
 * all that was there. Errors: ARCHIVE.
 */
export function putEntry(root: Directory, entry: TarEntry, layer: ByteSource): void {
  const parts = partsOf(entry.name);
  const name = parts.at(-1);
  if (name === undefined) {
    if (entry.type !== 'dir') throw archiveError(`the root of the archive is a ${entry.type}`);
    setAttributes(root, entry);
    return;
  }
  const parent = directoryAt(root, parts.slice(0, -1), true);
  if (parent === undefined) throw archiveError(`${shown(parts)} lies beneath what is no directory`);
  const before = parent.children.get(name);
  if (entry.type === 'dir' && isDirectory(before)) setAttributes(before, entry);
  else parent.children.set(name, entry.type === 'link' ? linked(root, entry) : inodeOf(entry, entry.type, layer));
}

function setAttributes(directory: Directory, { mode, uid, gid, xattrs }: TarEntry): void {
  Object.assign(directory, { mode, uid, gid, xattrs });
}

function linked(root: Directory, entry: TarEntry): Inode {
  const parts = partsOf(entry.linkName);
  const found = directoryAt(root, parts.slice(0, -1), false)?.children.get(parts.at(-1) ?? '');
  if (found === undefined || isDirectory(found)) {
    const what = found === undefined ? 'is not there' : 'is a directory';
    throw archiveError(`${encodeRaw(entry.name)} is a hard link to ${encodeRaw(entry.linkName)}, which ${what}`);
  }
  return found;
}

const targetBytesMax = 4_096;

function inodeOf(entry: TarEntry, type: FileType, layer: ByteSource): Inode {
  const { mode, uid, gid, xattrs, linkName, rdev, data } = entry;
  const inode = { type, mode, uid, gid, xattrs };
  switch (type) {
    case 'file':
      return { ...inode, data: data!, layer };
    case 'dir':
      return { ...inode, children: new Map() };
    case 'symlink':
      if (linkName === '' || linkName.length >= targetBytesMax) {
        throw archiveError(`${encodeRaw(entry.name)} is a link to a name of ${linkName.length} bytes`);
      }
      return { ...inode, target: linkName };
    case 'char':
    case 'block':
      return { ...inode, rdev };
    default:
      return inode;
  }
}
