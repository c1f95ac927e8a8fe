/**
 * A database of SQLite as its write-ahead log leaves it (https://www.sqlite.org/fileformat2.html#walformat): the pages of
 * each transaction that was committed, in place of the older ones. Like SQLite it takes frames up to the first one whose
 * salt or checksum is wrong, since what follows is left over from before. Gives new bytes, marked as having no log, or
 * undefined where the log cannot belong to the database. Never throws.
 */
export function applyWal(database: Buffer, wal: Buffer | undefined, bytesMax: number): Buffer | undefined {
  if (database.length < databaseHeaderBytes) return undefined;
  const log = wal === undefined ? undefined : readWal(wal);
  if (log === undefined) return withoutLog(Buffer.from(database));
  const bytes = log.pages * log.pageBytes;
  if (bytes > bytesMax || bytes === 0) return undefined;
  const whole = Buffer.alloc(bytes);
  database.copy(whole);
  for (const [page, data] of log.latest) if (page <= log.pages) data.copy(whole, (page - 1) * log.pageBytes);
  return withoutLog(whole);
}

const databaseHeaderBytes = 100;
const [walHeaderBytes, frameHeaderBytes] = [32, 24];

interface Log {
  readonly pageBytes: number;
  /** Pages of the database after the last commit. */
  readonly pages: number;
  readonly latest: ReadonlyMap<number, Buffer>;
}

/** Undefined: nothing was committed since the log began. */
function readWal(wal: Buffer): Log | undefined {
  if (wal.length < walHeaderBytes) return undefined;
  const magic = wal.readUInt32BE(0);
  const pageBytes = wal.readUInt32BE(8);
  if ((magic & ~1) >>> 0 !== 0x377f0682 || ![9, 10, 11, 12, 13, 14, 15, 16].some((bits) => pageBytes === 1 << bits)) {
    return undefined;
  }
  const sum = new Checksum((magic & 1) === 1);
  sum.add(wal.subarray(0, 24));
  if (!sum.is(wal, 24)) return undefined;

  const latest = new Map<number, Buffer>();
  let pending: (readonly [number, Buffer])[] = [];
  let pages = 0;
  for (let at = walHeaderBytes; at + frameHeaderBytes + pageBytes <= wal.length; at += frameHeaderBytes + pageBytes) {
    const page = wal.readUInt32BE(at);
    const data = wal.subarray(at + frameHeaderBytes, at + frameHeaderBytes + pageBytes);
    sum.add(wal.subarray(at, at + 8));
    sum.add(data);
    if (page === 0 || wal.compare(wal, 16, 24, at + 8, at + 16) !== 0 || !sum.is(wal, at + 16)) break;
    pending.push([page, data]);
    const committed = wal.readUInt32BE(at + 4);
    if (committed === 0) continue;
    pages = committed;
    for (const [number, bytes] of pending) latest.set(number, bytes);
    pending = [];
  }
  return pages === 0 ? undefined : { pageBytes, pages, latest };
}

/** Cumulative over the log: its order of bytes is that of the machine that began it. */
class Checksum {
  private low = 0;
  private high = 0;
  private readonly bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.bigEndian = bigEndian;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 8) {
      this.low = (this.low + this.wordAt(bytes, at) + this.high) >>> 0;
      this.high = (this.high + this.wordAt(bytes, at + 4) + this.low) >>> 0;
    }
  }

  is(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.low && bytes.readUInt32BE(at + 4) === this.high;
  }

  private wordAt(bytes: Buffer, at: number): number {
    return this.bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }
}

/** The versions for writing and reading: 1 is a database with a rollback journal. */
function withoutLog(database: Buffer): Buffer {
  database.fill(1, 18, 20);
  return database;
}
