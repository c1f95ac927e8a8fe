import { timestamp } from '../../shared/clock.ts';
import { silentAfterMs } from '../../shared/protocol.ts';
import type { Db } from '../store/database.ts';
import { type Listening, readListening, writeListening } from '../store/listening-store.ts';
import { type HeardInstance, listHeardSince } from '../store/presence-store.ts';

/**
 * DESIGN §5 rule 8: a server that was away for longer than this knows too little of its fleet to replace anybody, until most
 * of the fleet has told its state again. What has drifted meanwhile arrives bit by bit: the first few reports look like a few
 * drifted instances, and not like the bad image that they may be.
 */
const absenceMsMax = 900_000;
export const reportedPercentMin = 90;
/** What a clock is corrected by as a matter of course. */
export const clockStepMsMax = 60_000;

/** An absence of this server that its fleet has not come back from. */
export interface Absence {
  /** When the server was last known to listen. Milliseconds since the epoch. */
  readonly since: number;
  /** Instances that were online then, and whose machines are still there. */
  readonly expected: number;
  /** How many of them have told their state again. */
  readonly reported: number;
}

export function isOver({ expected, reported }: Absence): boolean {
  return reported * 100 >= expected * reportedPercentMin;
}

/**
 * Whether two looks at the wall clock, so many milliseconds apart, had an absence between them. A clock that was set back does
 * not say how long that was: it counts as an absence, because to wait harms nobody.
 */
export function isAbsence(gapMs: number): boolean {
  return gapMs > absenceMsMax || gapMs < -clockStepMsMax;
}

/** Writes that this server listens. The first time after an absence it also writes down since when that was. */
export async function noteListening(db: Db, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const awaySince = awaySinceOf(await readListening(tx), now);
    await writeListening(tx, { listenedAt: timestamp(now), awaySince });
  });
}

/** Nothing but a whole fleet ends an absence: a server that starts twice in a row is not back sooner. */
export async function endAbsence(db: Db, now: number): Promise<void> {
  await writeListening(db, { listenedAt: timestamp(now), awaySince: null });
}

export interface RollCall {
  /** By group, what its provider lists; null where it could not be asked. */
  readonly machines: ReadonlyMap<string, readonly { readonly providerId: string }[] | null>;
  readonly hasReported: (instanceId: string) => boolean;
}

/** Null for a server that was not away, or whose absence was ended. */
export async function readAbsence(db: Db, { machines, hasReported }: RollCall, now: number): Promise<Absence | null> {
  const awaySince = awaySinceOf(await readListening(db), now);
  if (awaySince === null) return null;
  const since = Date.parse(awaySince);
  const listed = new Map([...machines].map(([group, own]) => [group, own && new Set(own.map(providerIdOf))]));
  const known = await listHeardSince(db, timestamp(since - silentAfterMs));
  const expected = known.filter((instance) => !isGone(instance, listed));
  return { since, expected: expected.length, reported: expected.filter(({ id }) => hasReported(id)).length };
}

/** Pure, so that a plan that comes before the first note after an absence finds the same. */
function awaySinceOf({ listenedAt, awaySince }: Listening, now: number): string | null {
  if (awaySince !== null || listenedAt === null) return awaySince;
  return isAbsence(now - Date.parse(listenedAt)) ? listenedAt : null;
}

/** A fleet grows and shrinks without its server: who was ended meanwhile reports no more. */
function isGone(
  { group, providerId }: HeardInstance,
  listed: ReadonlyMap<string, ReadonlySet<string> | null>,
): boolean {
  const machines = listed.get(group) ?? null;
  return machines !== null && providerId !== null && !machines.has(providerId);
}

function providerIdOf({ providerId }: { readonly providerId: string }): string {
  return providerId;
}
