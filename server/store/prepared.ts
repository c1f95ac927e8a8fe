import type { Compilable, CompiledQuery, SqliteDatabase } from 'kysely';
import type { Db } from './database.ts';

/** Stands for a value of a later call while a query is built. */
class Gap {
  readonly name: PropertyKey;
  constructor(name: PropertyKey) {
    this.name = name;
  }
}

export type Gaps<P> = <K extends keyof P>(name: K) => P[K];

/**
 * A query that is built and compiled once, for what runs with every report: building one costs more than running it. `gap`
 * stands for a value of the call. `prepared<{ id: string }>()((db, gap) => db.selectFrom(…).where('id', '=', gap('id')))`.
 */
export function prepared<P extends object>() {
  return <R>(build: (db: Db, gap: Gaps<P>) => Compilable<R>): ((db: Db, values: P) => Promise<readonly R[]>) => {
    // A query is compiled in the words of a kind of database.
    const compiled = new WeakMap<object, CompiledQuery<R>>();
    const compile = (db: Db): CompiledQuery<R> => {
      const made = build(db, ((name: PropertyKey) => new Gap(name)) as Gaps<P>).compile();
      compiled.set(db.getExecutor().adapter, made);
      return made;
    };
    return async (db, values) => {
      const query = compiled.get(db.getExecutor().adapter) ?? compile(db);
      const parameters = query.parameters.map((one) => (one instanceof Gap ? values[one.name as keyof P] : one));
      return runCompiled(db, query, parameters);
    };
  };
}

/** A row of gaps of these columns. */
export function gapsOf<P, K extends keyof P>(columns: readonly K[], gap: Gaps<P>): Pick<P, K> {
  return Object.fromEntries(columns.map((column) => [column, gap(column)])) as Pick<P, K>;
}

/** SQLite's own connections, by the adapter of the database that they are of. */
const connections = new WeakMap<object, InProcess>();

type InProcess = Pick<SqliteDatabase, 'prepare'> & { readonly inTransaction: boolean };

/** Says that a database is this one connection, in this process: whoever is in a transaction has it alone. */
export function isInProcess(db: Db, connection: InProcess): void {
  connections.set(db.getExecutor().adapter, connection);
}

/**
 * The way to a connection takes Kysely a dozen promises, and more time than SQLite takes for one of our statements. In a
 * transaction that way is short: the one connection there is is ours until the commit.
 */
export async function runCompiled<R>(
  db: Db,
  query: CompiledQuery<R>,
  parameters = query.parameters,
): Promise<readonly R[]> {
  // Whoever watches what is written through this handle sees it here too.
  for (const plugin of db.getExecutor().plugins) plugin.transformQuery({ node: query.query, queryId: query.queryId });
  const connection = db.isTransaction ? connections.get(db.getExecutor().adapter) : undefined;
  // A full disk has ended the transaction: Kysely says what there is to say.
  if (!connection?.inTransaction) return (await db.executeQuery<R>({ ...query, parameters })).rows;
  const statement = connection.prepare(query.sql);
  if (statement.reader) return statement.all(parameters) as R[];
  statement.run(parameters);
  return [];
}
