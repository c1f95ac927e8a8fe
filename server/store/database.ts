import Database from 'better-sqlite3';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { migrations } from './migrations/all.ts';
import { isInProcess } from './prepared.ts';
import type { Tables } from './tables.ts';

/** A `Transaction<Tables>` is one too, so stores compose inside `db.transaction().execute(…)`. */
export type Db = Kysely<Tables>;

/** Part of the transaction that it is given, or one of its own. */
export function inTransaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** Older ones can lose commits when a WAL is reset (sqlite.org, release 3.51.3). */
const sqliteMin = [3, 51, 3] as const;
const busyMsMax = 5_000;
/** Beyond this many texts of statements the least recently made one is dropped and prepared again when it comes back. */
const statementsMax = 500;

/**
 * Opens, or makes, the database and brings it to the newest schema. `:memory:` is allowed.
 * One connection: Kysely hands it to one transaction at a time, the others wait in order.
 * Errors: CONFIG for a SQLite that is too old or a database of a newer release, IO for a file that cannot be opened.
 */
export async function openDatabase({ file }: { readonly file: string }): Promise<Db> {
  const sqlite = open(file);
  const database = withStatementCache(sqlite);
  const db: Db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  isInProcess(db, database);
  try {
    await refuseOldSqlite(db);
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

function open(file: string): Database {
  try {
    const sqlite = new Database(file);
    sqlite.pragma('journal_mode = WAL');
    // An ack promises that the report survives a loss of power: WAL with NORMAL does not sync each commit.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    sqlite.pragma(`busy_timeout = ${busyMsMax}`);
    return sqlite;
  } catch (cause) {
    throw new CodedError(
      'IO',
      `expected a SQLite database at ${file}, and could not open it: ${sentenceOf(cause)}`,
      cause,
    );
  }
}

/**
 * Kysely prepares a statement for every query; preparing costs more than running most of ours. A full disk rolls back by
 * itself (sqlite.org/lang_transaction.html): Kysely's own rollback would then fail, and hide what went wrong.
 */
function withStatementCache(sqlite: Database): SqliteDatabase & { readonly inTransaction: boolean } {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      if (text === 'rollback' && !sqlite.inTransaction) return sqlite.prepare('select 1 where false');
      const known = statements.get(text);
      if (known) return known;
      const statement = sqlite.prepare(text);
      statements.set(text, statement);
      const oldest = statements.keys().next().value;
      if (statements.size > statementsMax && oldest !== undefined) statements.delete(oldest);
      return statement;
    },
    get inTransaction() {
      return sqlite.inTransaction;
    },
    close: () => sqlite.close(),
  };
}

async function refuseOldSqlite(db: Db): Promise<void> {
  const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db);
  const version = rows[0]?.version ?? '0';
  if (!isSqliteSupported(version)) {
    throw new CodedError(
      'CONFIG',
      `expected SQLite ${sqliteMin.join('.')} or newer, got ${version}: it can lose commits`,
    );
  }
}

export function isSqliteSupported(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, min] of sqliteMin.entries()) {
    const part = parts[index] ?? 0;
    if (part !== min) return part > min;
  }
  return true;
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new CodedError(
      'CONFIG',
      'could not bring the database to this release’s schema: is it of a newer one?',
      error,
    );
  }
}
