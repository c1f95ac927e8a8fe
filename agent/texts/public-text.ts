import { isUtf8 } from 'node:buffer';
import { type Attributes, modeBits } from '../../shared/entry.ts';
import type { RawName } from '../../shared/name.ts';
import { textBytesMax, type Withheld } from '../../shared/text-diff.ts';
import type { Root } from '../collect/root.ts';
import { selfAndAbove } from '../collect/scope.ts';

/** The attributes of a regular file that others may read, or why its text must not or cannot be shown. */
export function reasonToWithhold({ type, mode, size }: Attributes): Withheld | undefined {
  if (type !== 'file' || !isForOthers(modeBits({ mode }), 'read')) return 'not-public';
  return Number(size) > textBytesMax ? 'too-large' : undefined;
}

/**
 * The bytes of a file that everybody may read: it and all that leads to it are open to others, and no link is on the way.
 * What must not be shown has its reason; `changed` is what could not be read.
 */
export function readPublic(root: Root, path: RawName): Buffer | Withheld {
  try {
    const above = [...selfAndAbove(path)].slice(1).map(root.stat);
    const isOpen = above.every(({ type, mode }) => type === 'dir' && isForOthers(mode, 'enter'));
    const { type, mode } = root.stat(path);
    if (!isOpen || type !== 'file' || !isForOthers(mode, 'read')) return 'not-public';
    return root.readPlain(path, textBytesMax);
  } catch {
    return 'changed';
  }
}

/** Text is valid UTF-8 without NUL. */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString('utf8') : undefined;
}

function isForOthers(mode: number, what: 'read' | 'enter'): boolean {
  return (mode & (what === 'read' ? 0o004 : 0o001)) !== 0;
}
