import { encodeRaw, type RawName } from '../../shared/name.ts';
import { archiveError } from './archive-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { TarEntry } from './tar-entries.ts';
import { type Directory, isDirectory, partsOf, putEntry } from './tree.ts';

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
/** Notes of AUFS about itself: part of no image. */
const reserved = '.wh..wh.';

/**
 * Lays a layer over a tree (image-spec, layer.md). Whiteouts come first, wherever they stand in the tar: they hide what lies
 * below and nothing of their own layer. Errors: ARCHIVE.
 */
export function applyLayer(root: Directory, entries: readonly TarEntry[], layer: ByteSource): void {
  const named = entries.map((entry) => ({ entry, parts: partsOf(entry.name) }));
  const isHider = (parts: readonly RawName[]) => parts.at(-1)?.startsWith(whiteout) === true;
  const own = new Set(named.filter(({ parts }) => !isHider(parts)).map(({ parts }) => parts.join('/')));
  for (const { parts } of named) if (isHider(parts)) hide(root, parts, own);
  for (const { entry, parts } of named) if (!isHider(parts)) putEntry(root, entry, layer);
}

function hide(root: Directory, parts: readonly RawName[], own: ReadonlySet<RawName>): void {
  const name = parts.at(-1)!;
  if (name.startsWith(reserved) && name !== opaque) return;
  const hidden = name.slice(whiteout.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw archiveError(`${encodeRaw(parts.join('/'))} hides what is no name`);
  }
  const parent = lowerDirectory(root, parts.slice(0, -1), own);
  if (parent === undefined) return;
  if (name === opaque) parent.children.clear();
  else parent.children.delete(hidden);
}

/**
 * The directory below in which something is hidden; none where none is. Links are not followed: one that the layer itself
 * replaces by a directory hides nothing more, and behind any other nobody can say what is meant. Errors: ARCHIVE.
 */
function lowerDirectory(root: Directory, parts: readonly RawName[], own: ReadonlySet<RawName>): Directory | undefined {
  let at = root;
  for (const [index, part] of parts.entries()) {
    const next = at.children.get(part);
    const path = parts.slice(0, index + 1).join('/');
    if (next?.target !== undefined && !own.has(path)) {
      throw archiveError(`something is to be hidden in ${encodeRaw(path)}, which is a link`);
    }
    if (!isDirectory(next)) return undefined;
    at = next;
  }
  return at;
}
