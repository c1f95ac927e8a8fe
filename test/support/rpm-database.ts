import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { rpmTags } from '../../agent/collect/packages/rpm-header.ts';
import { aDirectory } from './directory.ts';

/** Values by tag: a text, a list of texts, or numbers of 32 bits. */
export type HeaderTags = Readonly<Record<number, string | readonly string[] | readonly number[]>>;

export interface Written {
  readonly tag: number;
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** A header as rpm keeps it. `change` may lie about the index. */
export function anRpmHeader(tags: HeaderTags, change: (entry: Written) => Written = (entry) => entry): Buffer {
  const data: Buffer[] = [];
  const index: Buffer[] = [];
  let offset = 0;
  for (const [tag, value] of Object.entries(tags)) {
    const isText = typeof value === 'string';
    const isNumbers = !isText && typeof value[0] === 'number';
    const items = isText ? [value] : value;
    const bytes = isNumbers
      ? Buffer.concat((items as number[]).map(word))
      : Buffer.from(items.map((item) => `${item}\0`).join(''), 'latin1');
    const padding = isNumbers ? (4 - (offset % 4)) % 4 : 0;
    data.push(Buffer.alloc(padding), bytes);
    const entry = {
      tag: Number(tag),
      type: isText ? 6 : isNumbers ? 4 : 8,
      offset: offset + padding,
      count: items.length,
    };
    const written = change(entry);
    index.push(word(written.tag), word(written.type), word(written.offset), word(written.count));
    offset += padding + bytes.length;
  }
  return Buffer.concat([word(index.length / 4), word(offset), ...index, ...data]);
}

export function anRpmPackage(name: string, version: string, more: HeaderTags = {}): Buffer {
  return anRpmHeader({
    [rpmTags.name]: name,
    [rpmTags.version]: version,
    [rpmTags.release]: '1',
    [rpmTags.arch]: 'x86_64',
    ...more,
  });
}

/** In the order of the network, as rpm's headers are. */
function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export const rpmTable = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)";

/** `rpmdb.sqlite` with these headers in the table that `fill` makes, rpm's own if nothing else is said. */
export function anRpmSqlite(
  blobs: readonly Buffer[],
  fill: (database: DatabaseSync) => void = (database) => database.exec(rpmTable),
): Buffer {
  const database = new DatabaseSync(':memory:');
  try {
    fill(database);
    for (const blob of blobs) database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(blob);
    return Buffer.from(database.serialize());
  } finally {
    database.close();
  }
}

/** The same on disk, with a log that was not moved into the database: `last` is only there. */
export function fillWithLog(path: string, first: readonly Buffer[], last: readonly Buffer[]): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; ${rpmTable}`);
  const add = (blob: Buffer) => database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(blob);
  first.forEach(add);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  last.forEach(add);
  return database;
}

/** Both files as they lie there while somebody writes. */
export function anRpmSqliteWithLog(
  first: readonly Buffer[],
  last: readonly Buffer[],
): { database: Buffer; wal: Buffer } {
  const path = join(aDirectory(), 'rpmdb.sqlite');
  const writer = fillWithLog(path, first, last);
  try {
    return { database: readFileSync(path), wal: readFileSync(`${path}-wal`) };
  } finally {
    writer.close();
  }
}
