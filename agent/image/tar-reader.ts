import { archiveError } from './archive-error.ts';
import { blockBytes } from './tar-header.ts';

/** Takes a stream of chunks apart in the pieces that its reader asks for. */
export interface TarReader {
  /** How many bytes have been taken. */
  readonly offset: () => number;
  /** The next block; undefined at the end. Errors: ARCHIVE where the end comes within it. */
  readonly block: () => Promise<Buffer | undefined>;
  /** So many bytes, handed on as they come, and what fills up their last block. Errors: ARCHIVE. */
  readonly body: (size: number, onBytes: (bytes: Buffer) => void) => Promise<void>;
  /** Lets go of all that is left. */
  readonly drain: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openTarReader(chunks: AsyncIterable<Buffer>): TarReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  let taken = 0;

  /** Whether there is at least one byte. */
  const load = async (): Promise<boolean> => {
    while (at === chunk.length) {
      const next = await iterator.next();
      if (next.done) return false;
      chunk = next.value;
      at = 0;
    }
    return true;
  };
  const take = (max: number): Buffer => {
    const piece = chunk.subarray(at, at + max);
    at += piece.length;
    taken += piece.length;
    return piece;
  };
  const pass = async (size: number, onBytes: (bytes: Buffer) => void) => {
    for (let left = size; left > 0; ) {
      if (at === chunk.length && !(await load())) throw archiveError('the tar is cut short');
      const piece = take(left);
      left -= piece.length;
      onBytes(piece);
    }
  };

  return {
    offset: () => taken,
    block: async () => {
      if (at === chunk.length && !(await load())) return undefined;
      if (chunk.length - at >= blockBytes) return take(blockBytes);
      const pieces: Buffer[] = [];
      await pass(blockBytes, (piece) => pieces.push(piece));
      return Buffer.concat(pieces);
    },
    body: async (size, onBytes) => {
      await pass(size, onBytes);
      await pass(fillOf(size), () => undefined);
    },
    drain: async () => {
      while (await load()) take(chunk.length);
    },
    close: async () => void (await iterator.return?.()),
  };
}

function fillOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}
