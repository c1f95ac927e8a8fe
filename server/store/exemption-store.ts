import type { Selectable } from 'kysely';
import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { Exemption, exemptionDaysMax, latestUntil } from '../../shared/exemption.ts';
import { parseImageRef } from '../../shared/image.ts';
import { outsideSubject } from '../../shared/outside-look.ts';
import { relabelFingerprint } from '../../shared/relabel.ts';
import { type Db, inTransaction } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { ExemptionTable } from './exemption-tables.ts';
import { readGroup } from './group-store.ts';
import { findImageByRef } from './image-store.ts';
import { prepared } from './prepared.ts';
import { type Applied, changeOf, specText } from './spec.ts';

const dayMs = 86_400_000;
/** In force at once: each is looked at with every finding that opens. */
const exemptionsMax = 1_000;

export interface StoredExemption {
  readonly exemption: Exemption;
  readonly version: number;
  readonly author: string;
  readonly declaredAt: string;
  readonly until: string;
  readonly ended: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

/** Bounds of `until` between which an exemption is in force. */
export interface InForce {
  readonly after: string;
  readonly upTo: string;
}

/** `isExemptAt`, as bounds of a query. */
export function inForceAt(now: number): InForce {
  return { after: timestamp(now), upTo: timestamp(latestUntil(now)) };
}

export function isInForce({ until }: { readonly until: string }, { after, upTo }: InForce): boolean {
  return until > after && until <= upTo;
}

/**
 * Makes, changes or leaves the exemption; the same again changes nothing, whatever became of it since. What it does to instances
 * follows (`fleet/exemptions.ts`). Errors: USAGE, NOT_FOUND, CONFLICT with what is not right about it.
 */
export async function applyExemption(
  db: Db,
  exemption: Exemption,
  { at, author }: { readonly at: string; readonly author: string },
): Promise<Applied> {
  const { name, group: groupName, ...rest } = exemption;
  const spec = specText(exemption);
  const row = await db.selectFrom('exemption').selectAll().where('name', '=', name).executeTakeFirst();
  const change = changeOf(row, spec);
  if (change.result === 'unchanged') return { kind: 'Exemption', name, ...change };
  const until = untilOf(exemption, Date.parse(at));
  await refuseNowhere(db, exemption);
  await refuseWhatIsNone(db, exemption);
  await refuseTooMany(db, name, Date.parse(at));
  const values = { spec, version: change.version, author, declared_at: at, until };
  const anew = { expired_at: null, ended_at: null, ended_by: null, ended_reason: null, placed_version: 0 };
  await db
    .insertInto('exemption')
    .values({ name, ...values, ...anew })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...values, ...anew }))
    .execute();
  const data = { exemption: name, ...change, drift: rest.drift, image: rest.image, until, reason: rest.reason };
  await appendEvent(db, {
    ...{ at, type: 'exemption.declared', data: { ...data, actor: author } },
    ...(groupName !== undefined && { groupName }),
  });
  return { kind: 'Exemption', name, ...change };
}

function untilOf({ name, until }: Exemption, now: number): string {
  const ends = Date.parse(until);
  if (ends <= now) throw new CodedError('USAGE', `exemption ${name}: until: expected a time to come, got ${until}`);
  if (ends > now + exemptionDaysMax * dayMs) {
    const latest = timestamp(now + exemptionDaysMax * dayMs);
    throw new CodedError(
      'USAGE',
      `exemption ${name}: until: expected at most ${exemptionDaysMax} days, so ${latest} or earlier, got ${until}`,
    );
  }
  return timestamp(ends);
}

/** A slip of the pen would exempt nothing, and say nothing. */
async function refuseNowhere(db: Db, { name, group, image }: Exemption): Promise<void> {
  if (group !== undefined && (await readGroup(db, group)) === undefined)
    throw new CodedError('NOT_FOUND', `exemption ${name}: there is no group ${group}: declare it first`);
  const ref = image === undefined ? undefined : parseImageRef(image);
  if (ref !== undefined && (await findImageByRef(db, ref)) === undefined)
    throw new CodedError('NOT_FOUND', `exemption ${name}: there is no image ${image}: push it first`);
}

async function refuseWhatIsNone(db: Db, { name, drift }: Exemption): Promise<void> {
  if (!('fingerprint' in drift)) return;
  const kinds = await db.selectFrom('relabel').select('kind').distinct().execute();
  if (kinds.some(({ kind }) => relabelFingerprint(kind) === drift.fingerprint)) {
    throw new CodedError(
      'USAGE',
      `exemption ${name}: ${drift.fingerprint} is a relabel, which is whatever files it happens to be of; exempt the drifts beneath it, or sign rules that accept them`,
    );
  }
  const known = await db
    .selectFrom('drift')
    .select('subject')
    .where('fingerprint', '=', drift.fingerprint)
    .executeTakeFirst();
  if (known?.subject === outsideSubject) {
    throw new CodedError(
      'USAGE',
      `exemption ${name}: ${drift.fingerprint} is what an agent did not tell of; nothing exempts a lie`,
    );
  }
}

async function refuseTooMany(db: Db, name: string, now: number): Promise<void> {
  const others = (await readInForce(db, now)).filter(({ exemption }) => exemption.name !== name);
  if (others.length < exemptionsMax) return;
  throw new CodedError(
    'CONFLICT',
    `exemption ${name}: ${others.length} are in force, and no more may be: end some, or sign rules that accept what they are for`,
  );
}

/** Errors: NOT_FOUND; CONFLICT when it was ended before. */
export async function endExemption(
  db: Db,
  { name, reason, actor }: { readonly name: string; readonly reason: string; readonly actor: string },
  at: string,
): Promise<void> {
  const stored = await readExemption(db, name);
  if (stored === undefined) throw new CodedError('NOT_FOUND', `there is no exemption ${name}`);
  if (stored.ended !== null) {
    const { at: before, by } = stored.ended;
    throw new CodedError('CONFLICT', `exemption ${name} was ended at ${before} by ${by}`);
  }
  await db
    .updateTable('exemption')
    .set({ ended_at: at, ended_by: actor, ended_reason: reason, placed_version: 0 })
    .where('name', '=', name)
    .execute();
  await tell(db, 'exemption.ended', stored, { reason, actor }, at);
}

/** Says once of each that its time is over. */
export async function tellExpired(db: Db, now: number): Promise<boolean> {
  const at = timestamp(now);
  const rows = await db
    .selectFrom('exemption')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('expired_at', 'is', null)
    .where('until', '<=', at)
    .execute();
  if (rows.length === 0) return false;
  await inTransaction(db, async (tx) => {
    for (const row of rows) {
      const { numUpdatedRows } = await tx
        .updateTable('exemption')
        .set({ expired_at: at })
        .where('name', '=', row.name)
        .where('version', '=', row.version)
        .where('expired_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await tell(tx, 'exemption.expired', storedExemption(row), {}, at);
    }
  });
  return true;
}

async function tell(
  db: Db,
  type: 'exemption.ended' | 'exemption.expired',
  { exemption: { name, group: groupName }, until }: StoredExemption,
  data: Readonly<Record<string, unknown>>,
  at: string,
): Promise<void> {
  await appendEvent(db, {
    ...{ at, type, data: { exemption: name, until, ...data } },
    ...(groupName !== undefined && { groupName }),
  });
}

export async function readExemption(db: Db, name: string): Promise<StoredExemption | undefined> {
  const row = await db.selectFrom('exemption').selectAll().where('name', '=', name).executeTakeFirst();
  return row && storedExemption(row);
}

export async function readInForce(db: Db, now: number): Promise<readonly StoredExemption[]> {
  return (await inForce(db, inForceAt(now))).map(storedExemption);
}

const inForce = prepared<InForce>()((db, gap) =>
  db
    .selectFrom('exemption')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('until', '>', gap('after'))
    .where('until', '<=', gap('upTo')),
);

/** When the first of those in force is over; milliseconds since the epoch, or `Infinity`. */
export async function nextEnd(db: Db, now: number): Promise<number> {
  const { until } = await db
    .selectFrom('exemption')
    .select((eb) => eb.fn.min('until').as('until'))
    .where('ended_at', 'is', null)
    .where('until', '>', timestamp(now))
    .executeTakeFirstOrThrow();
  return until === null ? Number.POSITIVE_INFINITY : Date.parse(until);
}

/** Those whose present version has not been placed on instances. */
export async function readUnplaced(db: Db): Promise<readonly StoredExemption[]> {
  const rows = await db.selectFrom('exemption').selectAll().whereRef('placed_version', '<', 'version').execute();
  return rows.map(storedExemption);
}

export async function notePlaced(db: Db, { exemption: { name }, version }: StoredExemption): Promise<void> {
  await db.updateTable('exemption').set({ placed_version: version }).where('name', '=', name).execute();
}

/** What instances are made from has changed: where exemptions hold is looked at anew. */
export async function placeAnew(db: Db): Promise<void> {
  await db.updateTable('exemption').set({ placed_version: 0 }).where('ended_at', 'is', null).execute();
}

export function storedExemption(row: Selectable<ExemptionTable>): StoredExemption {
  return {
    exemption: Exemption.parse(JSON.parse(row.spec)),
    version: row.version,
    author: row.author,
    declaredAt: row.declared_at,
    until: row.until,
    ended: row.ended_at === null ? null : { at: row.ended_at, by: row.ended_by ?? '', reason: row.ended_reason ?? '' },
  };
}
