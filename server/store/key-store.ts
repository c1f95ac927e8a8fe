import { createPublicKey, type KeyObject } from 'node:crypto';
import type { TrustedKey } from '../../shared/api.ts';
import { keyId, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';

/** Who trusts is told by an event. */
export interface KeyToTrust {
  readonly name: string;
  readonly pem: string;
  readonly at: string;
  readonly actor?: string;
}

/** Trusting a trusted key again changes nothing; it keeps its first name. Errors: KEY. */
export async function trustKey(db: Db, { name, pem, at, actor = 'admin' }: KeyToTrust): Promise<TrustedKey> {
  const [key, ...more] = parsePublicKeys(pem);
  if (key === undefined || more.length > 0) {
    throw new CodedError('KEY', `expected one public key, got ${more.length + 1}: trust them one by one`);
  }
  const id = keyId(key);
  // The key is written anew, so that what surrounded it in the file is not kept.
  const row = { id, name, pem: key.export({ type: 'spki', format: 'pem' }).toString(), trusted_at: at };
  await db.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('trusted_key')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return;
    await appendEvent(tx, { at, type: 'key.trusted', data: { key: id, name, actor } });
  });
  const stored = await db.selectFrom('trusted_key').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return { id, name: stored.name, pem: stored.pem, trustedAt: stored.trusted_at };
}

async function listTrustedKeys(db: Db): Promise<TrustedKey[]> {
  const rows = await db.selectFrom('trusted_key').selectAll().orderBy('trusted_at').orderBy('id').execute();
  return rows.map((row) => ({ id: row.id, name: row.name, pem: row.pem, trustedAt: row.trusted_at }));
}

/** What image statements are verified with. */
export async function trustedPublicKeys(db: Db): Promise<readonly KeyObject[]> {
  return (await listTrustedKeys(db)).map((key) => createPublicKey(key.pem));
}
