import type { Liveness } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { livenessOf } from '../fleet/liveness.ts';
import { appendEvent } from '../store/event-store.ts';
import { flushLastSeen, listPresent } from '../store/instance-store.ts';
import type { House } from './connection.ts';

/** Rows of one transaction; between two the loop does other work. */
const rowsMax = 500;

export interface Presence {
  heard(instanceId: string): void;
  /** Milliseconds since the epoch; undefined for one not heard since this server started. */
  heardAt(instanceId: string): number | undefined;
  /** By the monotonic clock. */
  heardWithin(instanceId: string, ms: number): boolean;
  /** Writes what was heard, and tells who fell silent or came back. */
  tick(): Promise<void>;
}

/**
 * Who was heard when. Kept in memory, since most of what agents say is that nothing happened; written in batches, so
 * that a restart knows it too.
 */
export function createPresence({ db, feed, clock }: House): Presence {
  const readyAt = clock.now();
  const heard = new Map<string, { readonly at: number; readonly monotonic: number }>();
  const unwritten = new Set<string>();
  /** Of those that are not `online`, which is what everyone is taken for at the start. */
  const told = new Map<string, Liveness>();

  return {
    heard(instanceId) {
      heard.set(instanceId, { at: clock.now(), monotonic: clock.monotonic() });
      unwritten.add(instanceId);
    },
    heardAt: (instanceId) => heard.get(instanceId)?.at,
    heardWithin(instanceId, ms) {
      const last = heard.get(instanceId);
      return last !== undefined && clock.monotonic() - last.monotonic <= ms;
    },
    async tick() {
      await flush();
      await tellChanges();
    },
  };

  async function flush(): Promise<void> {
    const ids = [...unwritten];
    for (let from = 0; from < ids.length; from += rowsMax) {
      const chunk = ids.slice(from, from + rowsMax);
      // Noted as written first: who is heard again meanwhile is noted anew.
      for (const id of chunk) unwritten.delete(id);
      try {
        await flushLastSeen(db, new Map(chunk.map((id) => [id, timestamp(heard.get(id)?.at ?? readyAt)])));
      } catch (error) {
        for (const id of chunk) unwritten.add(id);
        throw error;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** When a network fails, thousands fall silent at once: not each of them is a commit of its own. */
  async function tellChanges(): Promise<void> {
    const server = { readyAt, now: clock.now() };
    const present = await listPresent(db);
    forgetOthers(new Set(present.map(({ id }) => id)));
    const changes = present.flatMap(({ id, group, lastSeenAt }) => {
      const from = told.get(id) ?? 'online';
      const to = livenessOf({ heardAt: heard.get(id)?.at, lastSeenAt: Date.parse(lastSeenAt) }, server);
      return to === from ? [] : [{ id, group, from, to }];
    });
    for (let first = 0; first < changes.length; first += rowsMax) {
      const chunk = changes.slice(first, first + rowsMax);
      await db.transaction().execute(async (tx) => {
        for (const { id: instanceId, group: groupName, from, to } of chunk) {
          const about = { groupName, instanceId, data: { from, to } };
          await appendEvent(tx, { at: timestamp(server.now), type: 'instance.liveness', ...about });
        }
      });
      for (const { id, to } of chunk) told.set(id, to);
      feed.wake();
    }
  }

  function forgetOthers(present: ReadonlySet<string>): void {
    for (const map of [heard, told]) {
      for (const id of map.keys()) if (!present.has(id)) map.delete(id);
    }
  }
}
