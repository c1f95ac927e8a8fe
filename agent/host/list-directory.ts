import type { RawName } from '../../shared/name.ts';
import { getdents64 } from './libc.ts';
import { newStat, statIn, typeIn } from './stat.ts';

/** `f` a regular file, `d` a directory, `-` anything else: all that a walk needs to know. */
export type Kind = 'f' | 'd' | '-';

const buffer = Buffer.alloc(128 * 1024);
const stat = newStat();

/**
 * Tells each name in an open directory, in the order the filesystem has them, as raw bytes, until `tell` says that it is
 * enough. Gives 0 or `-errno`.
 * struct linux_dirent64 { u64 ino, off; u16 reclen; u8 type; char name[]; }
 */
export function listDirectory(fd: number, tell: (name: RawName, kind: Kind) => boolean): number {
  for (;;) {
    const length = getdents64(fd, buffer);
    if (length <= 0) return length;
    // All at once, and then parts of it: a call for each name would cost more than all else.
    const entries = buffer.toString('latin1', 0, length);
    for (let at = 0; at < length; at += entries.charCodeAt(at + 16) + entries.charCodeAt(at + 17) * 256) {
      const name = entries.slice(at + 19, entries.indexOf('\0', at + 19));
      if (name !== '.' && name !== '..' && !tell(name, kindOf(fd, name, entries.charCodeAt(at + 18)))) return 0;
    }
  }
}

/** Some filesystems do not say the type; what is gone by now will be found gone when it is observed. */
function kindOf(directory: number, name: RawName, type: number): Kind {
  if (type === 8) return 'f';
  if (type === 4) return 'd';
  if (type !== 0 || statIn(directory, name, stat) < 0) return '-';
  const found = typeIn(stat);
  return found === 'file' ? 'f' : found === 'dir' ? 'd' : '-';
}
