/** The part of better-sqlite3 that we use; the package carries no types. */
declare module 'better-sqlite3' {
  import type { SqliteStatement } from 'kysely';

  export default class Database {
    constructor(file: string, options?: { readonly readonly?: boolean; readonly fileMustExist?: boolean });
    readonly inTransaction: boolean;
    prepare(sql: string): SqliteStatement;
    pragma(source: string, options?: { readonly simple?: boolean }): unknown;
    close(): void;
  }
}
