import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from '../../shared/finding.ts';
import { rawName } from '../../shared/name.ts';

/** Of one fact; a user has two. */
const filesMax = 32;

/**
 * What shows whether a difference was there all the while between two looks: inode, change time and size of the file that
 * carries it, of each of several, and of the nearest directory that is there where a file is gone. Undefined where there is
 * none to ask, or it does not answer. Who sets a change time back on purpose is taken for one that held still, and rightly.
 */
export async function markOf(root: string, { subject, name, expected, actual }: Finding): Promise<string | undefined> {
  const files = subject === 'file' ? [name] : [...filesIn(expected), ...filesIn(actual)];
  if (files.length === 0 || files.length > filesMax) return undefined;
  const marks = await Promise.all([...new Set(files)].sort().map((file) => markOfFile(root, file)));
  return marks.includes(undefined) ? undefined : marks.join(' ');
}

function filesIn({ files }: Finding['expected']): readonly string[] {
  return Array.isArray(files) ? files : [];
}

async function markOfFile(root: string, name: string): Promise<string | undefined> {
  for (let at = rawName(name); ; at = dirname(at)) {
    try {
      return textOf(await lstat(Buffer.from(join(root, at), 'latin1'), { bigint: true }));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || at === '/') return undefined;
    }
  }
}

function textOf({ ino, ctimeNs, size }: BigIntStats): string {
  return `${ino}:${ctimeNs}:${size}`;
}
