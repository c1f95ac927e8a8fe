import type { KyselyPlugin } from 'kysely';
import type { Provider } from '../../server/provider/provider.ts';
import type { Db } from '../../server/store/database.ts';

export interface Crashing {
  readonly db: Db;
  readonly provider: Provider;
  /** How many moments there were to die in: before each write, or each query, and before and after each call that changes something. */
  readonly moments: () => number;
  readonly isDead: () => boolean;
  /** At once, or at so many moments from now. */
  die(moments?: number): void;
}

const writes = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

/**
 * A database handle and a provider that stop working for ever at one moment, like those of a process that was killed: a
 * transaction that is open then is rolled back, a call that was made has had its effect.
 */
export function dyingAt(given: number, db: Db, provider: Provider, atReads = false): Crashing {
  let moment = given;
  let passed = 0;
  let dead = false;
  const breathe = (counts: boolean) => {
    if (counts && !dead) {
      passed += 1;
      dead = passed === moment;
    }
    if (dead) throw new Error('the process was killed');
  };
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      breathe(atReads || writes.has(node.kind));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const dying =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      breathe(true);
      const result = await call(...args);
      breathe(true);
      return result;
    };
  return {
    db: db.withPlugin(plugin) as Db,
    provider: {
      list: async (group) => {
        breathe(false);
        return provider.list(group);
      },
      preflight: async (group, image) => {
        breathe(false);
        return provider.preflight(group, image);
      },
      launch: dying(provider.launch),
      drain: dying(provider.drain),
      restore: dying(provider.restore),
      terminate: dying(provider.terminate),
      snapshot: dying(provider.snapshot),
      isolate: dying(provider.isolate),
      keepSnapshot: dying(provider.keepSnapshot),
      dropSnapshot: dying(provider.dropSnapshot),
      listSnapshots: async (group) => {
        breathe(false);
        return provider.listSnapshots(group);
      },
      recover: dying(provider.recover),
    },
    moments: () => passed,
    isDead: () => dead,
    die(moments = 0) {
      if (moments === 0) dead = true;
      moment = passed + moments;
    },
  };
}
