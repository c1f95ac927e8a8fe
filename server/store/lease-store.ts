import { sql } from 'kysely';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from './database.ts';

/** A right that one process has at a time. */
export interface Lease {
  readonly name: string;
  /** Null when its last holder gave it up. */
  readonly holder: string | null;
  /** Grows with each term, so that what is written late is known by its number. */
  readonly fence: number;
  /** Within this term: whoever waits for the lease sees by it that its holder lives. */
  readonly renewals: number;
}

/** One term of one holder. */
export interface Fence {
  readonly name: string;
  readonly holder: string;
  readonly number: number;
}

/** A migration makes the row of each lease that there is. */
export async function readLease(db: Db, name: string): Promise<Lease> {
  return db
    .selectFrom('lease')
    .select(['name', 'holder', 'fence', 'renewals'])
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
}

/** Begins the next term. `expiresAt` is for people. Undefined when somebody was quicker, or its holder has renewed it since it was seen. */
export async function takeLease(
  db: Db,
  { name, fence, renewals }: Lease,
  holder: string,
  expiresAt: string,
): Promise<Fence | undefined> {
  const { numUpdatedRows } = await db
    .updateTable('lease')
    .set({ holder, fence: fence + 1, renewals: 0, expires_at: expiresAt })
    .where('name', '=', name)
    .where('fence', '=', fence)
    .where('renewals', '=', renewals)
    .executeTakeFirst();
  return numUpdatedRows === 0n ? undefined : { name, holder, number: fence + 1 };
}

/** False when the term is over: somebody else has the lease. */
export async function renewLease(db: Db, fence: Fence, expiresAt: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('lease')
    .set({ renewals: sql`renewals + 1`, expires_at: expiresAt })
    .where('name', '=', fence.name)
    .where('holder', '=', fence.holder)
    .where('fence', '=', fence.number)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Whoever waits need not wait any longer. Of a term that is over: done. */
export async function giveUpLease(db: Db, { name, holder, number }: Fence): Promise<void> {
  await db
    .updateTable('lease')
    .set({ holder: null, expires_at: null })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .where('fence', '=', number)
    .execute();
}

/**
 * In the transaction of what is written under the lease, last. It is an update that changes nothing, so that where several
 * connections write (PostgreSQL) the row is ours until the commit, and nobody begins a term between this look and that.
 * Errors: CONFLICT when the term is over.
 */
export async function checkFence(tx: Db, { name, holder, number }: Fence): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('lease')
    .set({ fence: number })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .where('fence', '=', number)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) {
    throw new CodedError('CONFLICT', `expected term ${number} of the lease ${name}, and another server has it now`);
  }
}
