import { CloseCode } from '../../shared/protocol.ts';
import { raiseDoubt } from '../fleet/doubts.ts';
import type { Connection, House } from './connection.ts';
import { Refusal } from './refusal.ts';

export interface TakeOvers {
  /** `newer` has taken the place of `older`, which goes. */
  begin(instanceId: string, older: Connection, newer: Connection): void;
  /** Resolves when those that have begun are over. */
  settled(): Promise<void>;
}

/**
 * The newest valid proof wins, so that a half-open socket of before does not keep its agent out. But one agent is never
 * at two sockets: when somebody still answers at the older one, the key is in two places, and nobody knows which of them
 * is the machine that it was made on. Then the instance is in doubt, so that neither of them is clean.
 */
export function createTakeOvers({ db, feed, clock, log }: House): TakeOvers {
  const running = new Set<Promise<void>>();

  return {
    begin(instanceId, older, newer) {
      const work = takeOver(instanceId, older, newer)
        .catch((error: unknown) => log.error({ err: error, instanceId }, 'a copied key could not be noted'))
        .finally(() => running.delete(work));
      running.add(work);
    },
    async settled() {
      await Promise.all(running);
    },
  };

  async function takeOver(instanceId: string, older: Connection, newer: Connection): Promise<void> {
    const isAlive = await older.yieldPlace(new Refusal(CloseCode.replaced, 'a newer connection of this key took over'));
    const peers = [older.peer, newer.peer];
    log.warn({ instanceId, peers, isAlive }, 'a newer connection of the same key took over');
    if (!isAlive) return;
    const isNew = await db
      .transaction()
      .execute((tx) => raiseDoubt(tx, { instanceId, kind: 'cloned-identity', data: { peers } }, clock.now()));
    if (!isNew) return;
    log.error({ instanceId, peers }, 'one key is in use in two places: the instance is in doubt');
    feed.wake();
  }
}
