/**
 * Entries: one line of a manifest each, about one subject. There can be hundreds of thousands, so they are checked by
 * hand here (see `entry-line.ts`) and not by a schema library.
 */
export const fileTypes = ['file', 'dir', 'symlink', 'fifo', 'socket', 'char', 'block'] as const;
export type FileType = (typeof fileTypes)[number];

export interface FileEntry {
  readonly subject: 'file';
  /** Absolute within the root, written as `name.ts` says. */
  readonly name: string;
  readonly type: FileType;
  /** Four octal digits, `"0644"`. Not for symlinks. */
  readonly mode?: string;
  readonly uid: number;
  readonly gid: number;
  /** Bytes, as a decimal string; regular files only. */
  readonly size?: string;
  /** `sha256:hex`; regular files only. */
  readonly content?: string;
  /** Symlinks only, written as a name. */
  readonly target?: string;
  /** `"major:minor"`; char and block only. */
  readonly rdev?: string;
}

export interface PackageEntry {
  readonly subject: 'package';
  /** `name:architecture`, as dpkg names it. */
  readonly name: string;
  readonly version: string;
  /** dpkg's three words: `install ok installed`. */
  readonly status: string;
}

export type Entry = FileEntry | PackageEntry;

/** The attributes of an entry, without what identifies it. These are the keys of `expected` and `actual` in findings. */
export type Attributes = Readonly<Record<string, string | number>>;

export function attributesOf(entry: Entry): Attributes {
  const { subject: _subject, name: _name, ...attributes } = entry;
  return attributes as Attributes;
}
