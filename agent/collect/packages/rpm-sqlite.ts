import type { DatabaseSync } from 'node:sqlite';
import { applyWal } from './sqlite-wal.ts';

/** The files of a database: `wal` is what SQLite has yet to move into the database itself. */
export interface SqliteFiles {
  readonly database: Buffer;
  readonly wal?: Buffer | undefined;
}

const packagesMax = 65_536;
export const sqliteBytesMax = 256 * 1_048_576;

/**
 * What `read` makes of each blob in `rpmdb.sqlite`, or undefined where that is not rpm's database or a blob is not understood.
 * SQLite gets a copy in memory, so that it neither waits for a lock nor writes a byte; the one table must be declared in
 * rpm's own words, so that no view, virtual table or generated column of a stranger is ever run. Never throws.
 */
export function parseRpmSqlite<T>(
  { database, wal }: SqliteFiles,
  read: (blob: Buffer) => T | undefined,
): readonly T[] | undefined {
  const whole = applyWal(database, wal, sqliteBytesMax);
  if (whole?.toString('latin1', 0, magic.length) !== magic) return undefined;
  try {
    return readBlobs(whole, read);
  } catch {
    return undefined;
  }
}

const magic = 'SQLite format 3\0';
const declaration = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)";

function readBlobs<T>(whole: Buffer, read: (blob: Buffer) => T | undefined): readonly T[] | undefined {
  const bytesMax = whole.length;
  const database = openSqlite(whole);
  try {
    const declared = database.prepare("SELECT type, sql FROM sqlite_schema WHERE name = 'Packages'").all();
    if (declared.length !== 1 || declared[0]?.['type'] !== 'table' || declared[0]['sql'] !== declaration)
      return undefined;
    // Its length is asked first: a chain of pages that leads back to itself says any length.
    const rows = database.prepare(
      `SELECT CASE WHEN typeof(blob) = 'blob' AND length(blob) <= ${bytesMax} THEN blob END AS blob
       FROM Packages NOT INDEXED ORDER BY hnum LIMIT ${packagesMax + 1}`,
    );
    const found: T[] = [];
    let bytes = 0;
    for (const { blob } of rows.iterate()) {
      if (!(blob instanceof Uint8Array)) return undefined;
      bytes += blob.length;
      const value = read(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength));
      if (value === undefined || bytes > bytesMax || found.push(value) > packagesMax) return undefined;
    }
    return found;
  } finally {
    database.close();
  }
}

/** Loaded here, since most machines have no such database. */
function openSqlite(whole: Buffer): DatabaseSync {
  const database = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(':memory:', { allowExtension: false });
  database.deserialize(whole);
  database.enableDefensive(true);
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON');
  return database;
}
