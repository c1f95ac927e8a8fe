/**
 * `Packages.db`, rpm's own database (lib/backend/ndb/rpmpkg.c, little-endian): pages of slots, of which each used one
 * says where the blob of a package lies, in blocks of 16 bytes, and blobs between a head and a tail that repeat its
 * number and length. Everything is checked as rpm does, and the checksum too, which rpm leaves to its repair.
 */
export function parseNdb(database: Buffer): readonly Buffer[] | undefined {
  if (database.length < pageBytes || database.length % blockBytes !== 0) return undefined;
  if (database.readUInt32LE(0) !== magicOf('RpmP') || database.readUInt32LE(4) !== 0) return undefined;
  const slotsEnd = database.readUInt32LE(12) * pageBytes;
  if (slotsEnd === 0 || slotsEnd > database.length) return undefined;
  const blobs: Slot[] = [];
  for (let at = headerBytes; at < slotsEnd; at += slotBytes) {
    if (database.readUInt32LE(at) !== magicOf('Slot')) return undefined;
    const [number, block] = [database.readUInt32LE(at + 4), database.readUInt32LE(at + 8)];
    const blocks = database.readUInt32LE(at + 12);
    if (block === 0) continue;
    const [start, end] = [block * blockBytes, (block + blocks) * blockBytes];
    if (number === 0 || blocks < 2 || start < slotsEnd || end > database.length) return undefined;
    blobs.push({ number, start, end });
  }
  return withoutOverlap(blobs) ? readBlobs(database, blobs) : undefined;
}

interface Slot {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

const pageBytes = 4_096;
const [headerBytes, slotBytes, blockBytes] = [32, 16, 16];
const [blobHeadBytes, blobTailBytes] = [16, 12];

function magicOf(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE(0);
}

/** Else a small file could stand for any number of packages, each of any size. */
function withoutOverlap(blobs: readonly Slot[]): boolean {
  const inOrder = blobs.toSorted((a, b) => a.start - b.start);
  const numbers = new Set(blobs.map(({ number }) => number));
  return numbers.size === blobs.length && inOrder.every(({ start }, at) => at === 0 || start >= inOrder[at - 1]!.end);
}

function readBlobs(database: Buffer, slots: readonly Slot[]): readonly Buffer[] | undefined {
  const blobs: Buffer[] = [];
  for (const { number, start, end } of slots) {
    const tail = end - blobTailBytes;
    const length = database.readUInt32LE(start + 12);
    const blocks = Math.ceil((blobHeadBytes + length + blobTailBytes) / blockBytes);
    const isWhole =
      database.readUInt32LE(start) === magicOf('BlbS') &&
      database.readUInt32LE(start + 4) === number &&
      blocks * blockBytes === end - start &&
      database.readUInt32LE(tail + 4) === length &&
      database.readUInt32LE(tail + 8) === magicOf('BlbE') &&
      database.readUInt32LE(tail) === adler32(database.subarray(start, tail));
    if (!isWhole) return undefined;
    blobs.push(database.subarray(start + blobHeadBytes, start + blobHeadBytes + length));
  }
  return blobs;
}

/** RFC 1950 §8.2. */
function adler32(bytes: Buffer): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    // So many additions fit in 32 bits.
    for (const end = Math.min(at + 5_552, bytes.length); at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= 65_521;
    high %= 65_521;
  }
  return ((high << 16) | low) >>> 0;
}
