import type { KyselyPlugin, Transaction } from 'kysely';
import type { Db } from './database.ts';
import type { Tables } from './tables.ts';

const writes: ReadonlySet<string> = new Set([
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
  'MergeQueryNode',
]);

/**
 * The same database in the hands of somebody who may lose the right to write: each transaction that has written something asks
 * `check` before its commit, which throws where the right is gone, and takes everything back. Reading is as ever. So nobody who is
 * given this handle can forget to ask; a write outside of a transaction, which could not be taken back, is a defect and throws.
 */
export function fenced(db: Db, check: (tx: Db) => Promise<void>): Db {
  const transaction = () => ({
    execute: <T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> =>
      db.transaction().execute(async (tx) => {
        let hasWritten = false;
        const noting = onWrite(() => {
          hasWritten = true;
        });
        const result = await work(tx.withPlugin(noting));
        if (hasWritten) await check(tx);
        return result;
      }),
  });
  const outside = onWrite(() => {
    throw new Error('expected what is written under a lease to be written in a transaction, which can be taken back');
  });
  return Object.defineProperty(db.withPlugin(outside), 'transaction', { value: transaction });
}

function onWrite(note: () => void): KyselyPlugin {
  return {
    transformQuery({ node }) {
      if (writes.has(node.kind)) note();
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}
