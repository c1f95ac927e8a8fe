import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type FileKind = 'nothing' | 'directory' | 'link' | 'file' | 'special';

export function kindAt(path: string): FileKind {
  try {
    const stats = lstatSync(path);
    if (stats.isDirectory()) return 'directory';
    if (stats.isSymbolicLink()) return 'link';
    return stats.isFile() ? 'file' : 'special';
  } catch {
    return 'nothing';
  }
}

/** Whether a directory on the way to a path has become a link. Package managers follow it, and look at what is elsewhere. */
export function isBehindLink(root: string, original: string, path: string): boolean {
  for (let above = dirname(path); above !== '/'; above = dirname(above)) {
    if (kindAt(join(root, above)) === 'link' && kindAt(join(original, above)) !== 'link') return true;
  }
  return false;
}
