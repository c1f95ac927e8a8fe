import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { type RawName, rawName } from '../../shared/name.ts';
import { nameIn, subjectIn } from './unparsed-line.ts';

/** The entries that are asked for: of files at and beneath paths, and of whole other subjects. */
export interface Wanted {
  readonly paths: Iterable<RawName>;
  readonly subjects: Iterable<string>;
}

/** Finds a few entries among many without reading all of them. */
export interface EntryIndex {
  /** Lines among which all that is wanted is, in their order; others too. Errors: DIGEST. */
  lines(wanted: Wanted): Generator<readonly string[]>;
  close(): void;
}

/** Where an entry stands in the order of a manifest. */
interface Place {
  readonly subject: string;
  readonly path: RawName;
}

interface Block {
  readonly first: Place;
  readonly at: number;
  readonly bytes: number;
  readonly sha256: string;
}

const blockCharsMax = 64 * 1_024;
const fileName = 'entries';

/**
 * Writes the lines, as they were verified, in blocks to a file without a name in a directory. Here stays where each begins and
 * what it digests to: whoever changes the file is noticed. Throws what the system says where nothing can be written there.
 */
export async function indexEntries(lines: AsyncIterable<readonly string[]>, directory: string): Promise<EntryIndex> {
  const path = join(directory, fileName);
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx+', 0o600);
  try {
    rmSync(path);
    const blocks = await writeBlocks(lines, fd);
    return { lines: (wanted) => linesOf(blocks, fd, wanted), close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function writeBlocks(lines: AsyncIterable<readonly string[]>, fd: number): Promise<readonly Block[]> {
  const blocks: Block[] = [];
  let at = 0;
  let waiting: string[] = [];
  let chars = 0;
  const write = () => {
    const [first] = waiting;
    if (first === undefined) return;
    const bytes = Buffer.from(waiting.join('\n'));
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    blocks.push({ first: placeOf(first), at, bytes: bytes.length, sha256: sha256Hex(bytes) });
    at += bytes.length;
    waiting = [];
    chars = 0;
  };
  for await (const some of lines) {
    for (const line of some) {
      waiting.push(line);
      chars += line.length;
      if (chars >= blockCharsMax) write();
    }
  }
  write();
  return blocks;
}

function* linesOf(blocks: readonly Block[], fd: number, wanted: Wanted): Generator<readonly string[]> {
  const needed = new Set<Block>();
  for (const [from, to] of rangesOf(wanted)) {
    for (let index = lastBefore(blocks, from); index < blocks.length; index++) {
      if (compare(blocks[index]!.first, to) >= 0) break;
      needed.add(blocks[index]!);
    }
  }
  for (const block of [...needed].sort((a, b) => a.at - b.at)) {
    const bytes = Buffer.allocUnsafe(block.bytes);
    const length = readSync(fd, bytes, 0, block.bytes, block.at);
    if (length !== block.bytes || sha256Hex(bytes) !== block.sha256) {
      throw new CodedError('DIGEST', 'the entries that were set aside are not those that were verified');
    }
    yield bytes.toString().split('\n');
  }
}

/** Each from a place on and before another. In the order of bytes `0` follows `/`, so that what is beneath stands together. */
function* rangesOf({ paths, subjects }: Wanted): Generator<readonly [from: Place, to: Place]> {
  for (const subject of subjects) yield [place(subject, ''), place(`${subject}\0`, '')];
  for (const path of paths) {
    yield [place('file', path), place('file', `${path}\0`)];
    yield path === '/'
      ? [place('file', '/'), place('file', '0')]
      : [place('file', `${path}/`), place('file', `${path}0`)];
  }
}

/** The last block that begins at or before a place; the first one where none does. */
function lastBefore(blocks: readonly Block[], at: Place): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(blocks[middle]!.first, at) <= 0) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function placeOf(line: string): Place {
  return place(subjectIn(line), rawName(nameIn(line) ?? ''));
}

function place(subject: string, path: RawName): Place {
  return { subject, path };
}

function compare(a: Place, b: Place): number {
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1;
  return a.path === b.path ? 0 : a.path < b.path ? -1 : 1;
}
