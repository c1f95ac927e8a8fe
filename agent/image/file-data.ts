import { createHash, hash } from 'node:crypto';
import { archiveError } from './archive-error.ts';
import type { Budget } from './byte-source.ts';
import { type PaxRecords, paxNumber } from './pax.ts';
import { checkStretches, leadingStretches, listedStretches, mapLines, oldStretches, type Stretch } from './sparse.ts';
import { numberIn, type TarHeader } from './tar-header.ts';
import type { TarReader } from './tar-reader.ts';

/** The content of a regular file in a tar. */
export interface FileData {
  readonly size: number;
  readonly sha256: string;
  /** Where its bytes lie in the tar; what is between is zeros. */
  readonly stored: readonly (Stretch & { readonly offset: number })[];
}

const mapBytesMax = 4 * 1_048_576;
const pieceBytesMax = 64 * 1024;

/** Digests what follows a header, with the map before it where the file is sparse. Errors: ARCHIVE. */
export async function readData(
  reader: TarReader,
  block: Buffer,
  header: TarHeader,
  records: PaxRecords,
  size: number,
  budget: Budget,
): Promise<FileData> {
  if (header.flag === 'S') {
    const real = numberIn(block, 483, 12, 'size');
    const stretches = [...oldStretches(block, 386, 4)];
    for (let more = block[482] !== 0; more; ) {
      const next = await reader.block();
      if (next === undefined) throw archiveError('the tar is cut short');
      stretches.push(...oldStretches(next, 0, 21));
      more = next[504] !== 0;
    }
    return digestSparse(reader, real, stretches, size, budget);
  }
  const real = paxNumber(records, 'GNU.sparse.realsize') ?? paxNumber(records, 'GNU.sparse.size');
  if (real === undefined) return digestWhole(reader, size);
  const listed = records.get('GNU.sparse.map')?.toString('latin1');
  if (listed !== undefined) return digestSparse(reader, real, listedStretches(listed), size, budget);
  if (records.get('GNU.sparse.major')?.toString('latin1') !== '1') {
    throw archiveError('a sparse file in the tar is in a format that is not known');
  }
  const text = await mapBefore(reader, size);
  return digestSparse(reader, real, leadingStretches(text), size - text.length, budget);
}

/** Whole blocks, as many as its lines fill. */
async function mapBefore(reader: TarReader, size: number): Promise<string> {
  const pieces: string[] = [];
  let lines = 0;
  let wanted = Number.POSITIVE_INFINITY;
  for (let length = 0; lines < wanted; ) {
    const block = await reader.block();
    length += block?.length ?? 0;
    if (block === undefined || length > Math.min(size, mapBytesMax)) {
      throw archiveError('the map of a sparse file in the tar is cut short');
    }
    pieces.push(block.toString('latin1'));
    lines += pieces.at(-1)!.split('\n').length - 1;
    if (wanted === Number.POSITIVE_INFINITY && lines > 0) wanted = mapLines(pieces.join(''));
  }
  return pieces.join('');
}

async function digestWhole(reader: TarReader, size: number): Promise<FileData> {
  const stored = size === 0 ? [] : [{ at: 0, length: size, offset: reader.offset() }];
  // Most files are small, and digesting those at once is much cheaper.
  const hasher = size > pieceBytesMax ? createHash('sha256') : undefined;
  const pieces: Buffer[] = [];
  await reader.body(size, (piece) => {
    if (hasher === undefined) pieces.push(piece);
    else hasher.update(piece);
  });
  const only = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  return { size, stored, sha256: hasher === undefined ? hash('sha256', only, 'hex') : hasher.digest('hex') };
}

const zeros = Buffer.alloc(256 * 1024);

async function digestSparse(
  reader: TarReader,
  size: number,
  map: readonly Stretch[],
  storedBytes: number,
  budget: Budget,
): Promise<FileData> {
  const stretches = checkStretches(map, size, storedBytes);
  // All of the holes at once, before the first of them is digested.
  budget.spend(size - storedBytes);
  let offset = reader.offset();
  const hasher = createHash('sha256');
  const stored: (Stretch & { readonly offset: number })[] = [];
  let end = 0;
  const fillTo = (at: number) => {
    for (; end < at; end += Math.min(zeros.length, at - end)) hasher.update(zeros.subarray(0, at - end));
  };
  for (const { at, length } of stretches) {
    stored.push({ at, length, offset });
    offset += length;
  }
  let next = 0;
  let within = 0;
  await reader.body(storedBytes, (piece) => {
    for (let from = 0; from < piece.length; ) {
      const { at, length } = stretches[next]!;
      fillTo(at);
      const part = piece.subarray(from, from + length - within);
      hasher.update(part);
      from += part.length;
      within += part.length;
      end += part.length;
      if (within === length) {
        next++;
        within = 0;
      }
    }
  });
  fillTo(size);
  return { size, stored, sha256: hasher.digest('hex') };
}
