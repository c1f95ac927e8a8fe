import { hash } from 'node:crypto';
import { CodedError } from '../../shared/errors.ts';
import type { Root } from '../collect/root.ts';
import { archiveError } from './archive-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { FileData } from './file-data.ts';
import type { Directory, Inode } from './tree.ts';
import { systemError, treeRoot } from './tree-root.ts';

/** One reading of a root may have so much in all; what is past that is too big (EFBIG). Databases are the largest part. */
const keptBytesMax = 512 * 1_048_576;
/** What is read says what to read next, as a list of packages does: so often. */
const roundsMax = 64;

/**
 * Gives what `read` makes of a tree. Collectors ask for files at once and by name, while a compressed layer can only be read
 * from its start. So `read` is run and told that content is missing, what it asked for is fetched in one pass over each
 * layer, and it is run again, until it has had all it asked for. No list of paths that collectors might want can go stale
 * that way, and memory holds what they do want and nothing else. Errors: ARCHIVE, UNSTABLE.
 */
export async function readContents<T>(root: Directory, read: (root: Root) => T): Promise<T> {
  const contents = new Map<Inode, Buffer>();
  let bytes = 0;
  for (let round = 0; round < roundsMax; round++) {
    const wanted = new Set<Inode>();
    const result = read(
      treeRoot(root, (file) => {
        const content = contents.get(file);
        if (content !== undefined) return content;
        if (!wanted.has(file)) {
          if (bytes + file.data!.size > keptBytesMax) throw systemError('EFBIG', 'too much was read');
          bytes += file.data!.size;
          wanted.add(file);
        }
        throw systemError('EAGAIN', 'not read yet');
      }),
    );
    if (wanted.size === 0) return result;
    await fetchContents(wanted, contents);
  }
  throw archiveError(`its databases refer to each other more than ${roundsMax} times`);
}

/** Errors: ARCHIVE, UNSTABLE. */
async function fetchContents(wanted: Iterable<Inode>, into: Map<Inode, Buffer>): Promise<void> {
  for (const [layer, files] of Map.groupBy(wanted, ({ layer }) => layer!)) {
    const buffers = new Map(files.map((file) => [file, Buffer.alloc(file.data!.size)]));
    const pieces = files
      .flatMap((file) => file.data!.stored.map((piece) => ({ ...piece, buffer: buffers.get(file)! })))
      .sort((a, b) => a.offset - b.offset);
    await fillPieces(layer, pieces);
    for (const [file, buffer] of buffers) {
      if (hash('sha256', buffer, 'hex') !== file.data!.sha256) {
        throw new CodedError('UNSTABLE', 'the archive changed while it was read: use one that nobody writes to');
      }
      into.set(file, buffer);
    }
  }
}

type Piece = FileData['stored'][number] & { readonly buffer: Buffer };

/** So far apart it is cheaper to begin anew than to read on, where one can. */
const gapBytesMax = 1_048_576;

/** `pieces` in the order of the layer, none over another. Errors: ARCHIVE. */
async function fillPieces(layer: ByteSource, pieces: readonly Piece[]): Promise<void> {
  let next = 0;
  while (next < pieces.length) {
    let position = pieces[next]!.offset;
    let isFar = false;
    for await (const chunk of layer.open(position)) {
      const end = position + chunk.length;
      for (let piece = pieces[next]; piece !== undefined && piece.offset < end; piece = pieces[next]) {
        const from = Math.max(piece.offset, position);
        const to = Math.min(piece.offset + piece.length, end);
        chunk.copy(piece.buffer, piece.at + from - piece.offset, from - position, to - position);
        if (to < piece.offset + piece.length) break;
        next++;
      }
      position = end;
      isFar = layer.seekable && next < pieces.length && pieces[next]!.offset > end + gapBytesMax;
      if (isFar || next === pieces.length) break;
    }
    if (!isFar && next < pieces.length) throw archiveError('the archive is shorter than it was a moment ago');
  }
}
