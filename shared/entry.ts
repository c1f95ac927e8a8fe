import type { FactEntry } from './fact.ts';

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
  /** Extended attributes without those that have an attribute of their own: name to value, as `xattr.ts` writes it. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** File capabilities as cap_to_text(3) writes them, `cap_net_raw=ep`. */
  readonly capabilities?: string;
  /** POSIX ACL in the short text form of acl(5) with numeric ids; a directory's default entries follow, after `default:`. */
  readonly acl?: string;
  /** The type field of the SELinux context. */
  readonly selinux?: string;
  /** `append`, `immutable` or both, joined by a comma. */
  readonly flags?: string;
}

/** Permission bits, 0–0o7777; none where there is no mode. Of an entry, or of the attributes of a finding. */
export function modeBits({ mode }: { readonly mode?: AttributeValue | undefined }): number {
  return Number.parseInt(String(mode ?? '0'), 8);
}

export type Entry = FileEntry | FactEntry;

/** One text for a subject: no two have the same. */
export function subjectKey({ subject, name }: { readonly subject: string; readonly name: string }): string {
  return `${subject} ${name}`;
}

export type AttributeValue = string | number | readonly string[] | Readonly<Record<string, string>>;

/** The attributes of an entry, without what identifies it. These are the keys of `expected` and `actual` in findings. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

export function attributesOf(entry: Entry): Attributes {
  const { subject: _subject, name: _name, ...attributes } = entry;
  return attributes as Attributes;
}
