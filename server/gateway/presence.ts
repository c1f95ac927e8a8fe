import type { Liveness } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { isAbsence, noteListening } from '../fleet/absence.ts';
import { livenessOf } from '../fleet/liveness.ts';
import { appendEvent } from '../store/event-store.ts';
import { flushLastSeen, listPresent } from '../store/presence-store.ts';

import type { House } from './connection.ts';

/** Rows of one transaction; between two the loop does other work. */
const rowsMax = 500;

export interface Presence {
  heard(instanceId: string): void;
  /** It has said which state it is in, and that is the one which is stored. */
  reported(instanceId: string): void;
  /** Whether it has done so since the start of this process, or the end of its last absence. */
  hasReported(instanceId: string): boolean;
  /** Milliseconds since the epoch; undefined for one not heard since this server started. */
  heardAt(instanceId: string): number | undefined;
  /** Since when this server listens without a pause. Milliseconds since the epoch. */
  awakeAt(): number;
  /** By the monotonic clock. */
  heardWithin(instanceId: string, ms: number): boolean;
  /** Tells who fell silent or came back, and now and then writes what was heard. */
  tick(): Promise<void>;
  /** Writes what was heard, and that this server listens. */
  flush(): Promise<void>;
}

/**
 * Who was heard when. Kept in memory, since most of what agents say is that nothing happened; written now and then and in
 * batches, for people: silence is counted by the monotonic clock from what this process has heard, from its own start, or
 * from the end of its last pause. While it was stopped it heard nobody, whoever spoke.
 */
export function createPresence({ db, feed, clock, limits }: House): Presence {
  const heard = new Map<string, number>();
  const reported = new Set<string>();
  const unwritten = new Set<string>();
  /** Of those that are not `online`, which is what everyone is taken for at the start. */
  const told = new Map<string, Liveness>();
  let lookedAt = clock.monotonic();
  let lookedAtOnTheWall = clock.now();
  let awakeSince = lookedAt;
  let flushedAt = lookedAt;

  const wallTimeOf = (monotonic: number) => clock.now() - (clock.monotonic() - monotonic);

  /** Somebody looks here every few seconds: when nobody did for longer, this process did not run. */
  const look = (): number => {
    const now = clock.monotonic();
    if (now - lookedAt > limits.presenceEveryMs + limits.pauseMsMin) awakeSince = now;
    lookedAt = now;
    // The monotonic clock may stand still while a machine sleeps.
    const wall = clock.now();
    if (isAbsence(wall - lookedAtOnTheWall)) reported.clear();
    lookedAtOnTheWall = wall;
    return now;
  };

  return {
    heard(instanceId) {
      heard.set(instanceId, look());
      unwritten.add(instanceId);
    },
    reported(instanceId) {
      look();
      reported.add(instanceId);
    },
    hasReported(instanceId) {
      look();
      return reported.has(instanceId);
    },
    heardAt(instanceId) {
      const last = heard.get(instanceId);
      return last === undefined ? undefined : wallTimeOf(last);
    },
    awakeAt() {
      look();
      return wallTimeOf(awakeSince);
    },
    heardWithin(instanceId, ms) {
      const last = heard.get(instanceId);
      return last !== undefined && clock.monotonic() - last <= ms;
    },
    async tick() {
      const now = look();
      await tellChanges();
      if (now - flushedAt < limits.lastSeenEveryMs) return;
      flushedAt = now;
      await flush();
    },
    flush,
  };

  async function flush(): Promise<void> {
    const listenedAt = clock.now();
    const ids = [...unwritten];
    for (let from = 0; from < ids.length; from += rowsMax) {
      const chunk = ids.slice(from, from + rowsMax);
      // Noted as written first: who is heard again meanwhile is noted anew.
      for (const id of chunk) unwritten.delete(id);
      try {
        await flushLastSeen(
          db,
          new Map(chunk.map((id) => [id, timestamp(wallTimeOf(heard.get(id) ?? clock.monotonic()))])),
        );
      } catch (error) {
        for (const id of chunk) unwritten.add(id);
        throw error;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Last, so that whoever was online then is written too.
    await noteListening(db, listenedAt);
  }

  /** When a network fails, thousands fall silent at once: not each of them is a commit of its own. */
  async function tellChanges(): Promise<void> {
    const present = await listPresent(db);
    const server = { awakeAt: wallTimeOf(awakeSince), now: clock.now() };
    forgetOthers(new Set(present.map(({ id }) => id)));
    const changes = present.flatMap(({ id, group }) => {
      const from = told.get(id) ?? 'online';
      const last = heard.get(id);
      const to = livenessOf({ heardAt: last === undefined ? undefined : wallTimeOf(last) }, server);
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
    for (const known of [heard, told, reported]) {
      for (const id of known.keys()) if (!present.has(id)) known.delete(id);
    }
  }
}
