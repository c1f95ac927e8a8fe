import { CompiledQuery } from 'kysely';
import type { Db } from './database.ts';
import { runCompiled } from './prepared.ts';

/** What runs work in a transaction: a database, or a lane of a group commit. */
export interface Transactions {
  transaction(): { execute<T>(work: (tx: Db) => Promise<T>): Promise<T> };
}

export interface GroupCommit {
  /** For what is done at once: many share a commit. */
  readonly small: Transactions;
  /** For what takes long: one at a time, each with a commit of its own, in turn with the others. */
  readonly large: Transactions;
}

interface GroupLimits {
  /** Works of one commit. */
  readonly worksMax: number;
  /** A commit is not put off any longer for works that wait, where the disk is fast. */
  readonly groupMsMin: number;
  /** Where it is slow, works go on for so many times what the last commit took, so that most of the time is theirs; no longer than this. */
  readonly workFactor: number;
  readonly groupMsMax: number;
}

const groupLimits: GroupLimits = { worksMax: 256, groupMsMin: 20, workFactor: 4, groupMsMax: 100 };

interface Waiting {
  run(tx: Db): Promise<void>;
  /** After the commit. */
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Many works in one transaction, since what a commit costs is the disk's time. Each work stands in a savepoint: what one
 * has thrown takes back its own and nothing else. A promise resolves after the commit; when the commit fails, all of the
 * group reject and nothing of them is stored.
 */
export function createGroupCommit(db: Db, monotonic: () => number, given: Partial<GroupLimits> = {}): GroupCommit {
  const limits = { ...groupLimits, ...given };
  const small: Waiting[] = [];
  const large: Waiting[] = [];
  let isRunning = false;
  let commitMs = 0;

  return { small: laneOf(small), large: laneOf(large) };

  function laneOf(lane: Waiting[]): Transactions {
    return {
      transaction: () => ({
        execute: <T>(work: (tx: Db) => Promise<T>) =>
          new Promise<T>((resolve, reject) => {
            let result: T;
            const run = async (tx: Db) => {
              result = await work(tx);
            };
            lane.push({ run, resolve: () => resolve(result), reject });
            void keepRunning();
          }),
      }),
    };
  }

  async function keepRunning(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    while (small.length + large.length > 0) {
      // What has arrived on other sockets comes first: it joins this group.
      await new Promise((resolve) => setImmediate(resolve));
      if (small.length > 0) await commit(small);
      const next = large.shift();
      if (next !== undefined) await commit([next]);
    }
    isRunning = false;
  }

  /** Takes from the lane what has a place in this group. What each comes to is told after the commit. */
  async function commit(lane: Waiting[]): Promise<void> {
    const ends = new Map<Waiting, () => void>();
    const take = () => {
      const one = lane.shift();
      if (one !== undefined) ends.set(one, one.resolve);
      return one;
    };
    let next = take();
    let workedUntil = 0;
    try {
      await db.transaction().execute(async (tx) => {
        const until =
          monotonic() + Math.min(limits.groupMsMax, Math.max(limits.groupMsMin, limits.workFactor * commitMs));
        while (next !== undefined) {
          const { reject } = next;
          const failure = await isolated(tx, next);
          if (failure !== undefined) ends.set(next, () => reject(failure.error));
          next = ends.size < limits.worksMax && monotonic() < until ? take() : undefined;
        }
        workedUntil = monotonic();
      });
      commitMs = monotonic() - workedUntil;
    } catch (error) {
      for (const { reject } of ends.keys()) reject(error);
      return;
    }
    for (const end of ends.values()) end();
  }
}

/** What the work threw, once all that it did is taken back. Throws where the whole transaction is gone. */
async function isolated(tx: Db, work: Waiting): Promise<{ readonly error: unknown } | undefined> {
  await runCompiled(tx, savepoint);
  try {
    await work.run(tx);
  } catch (error) {
    // A full disk ends the transaction by itself: then there is no savepoint any more, and this throws.
    await runCompiled(tx, rollbackTo);
    await runCompiled(tx, release);
    return { error };
  }
  await runCompiled(tx, release);
  return undefined;
}

const savepoint = CompiledQuery.raw('savepoint work');
const rollbackTo = CompiledQuery.raw('rollback to savepoint work');
const release = CompiledQuery.raw('release savepoint work');
