import type { Selectable } from 'kysely';
import { timestamp } from '../../shared/clock.ts';
import { type AnyPageType, ownPageTypes, type PageType, pageOf } from '../../shared/page.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import type { NewEvent } from './event-store.ts';
import type { OutboxTable, WebhookTable } from './outbox-tables.ts';

/**
 * Pages on their way to a person. A row is written in the transaction of the event that it tells of, and only where a webhook is
 * configured: what happened before anybody was to be called calls nobody later.
 */

/** At the bound nothing that waits is dropped: what comes is counted, and the count is itself a page, as soon as there is room. */
export const pendingMax = 10_000;
/** Of each state that has ended, so many are kept to look at. */
const endedKept = 1_000;
/** Of what the event says; of more only the sentence is told. */
const dataCharsMax = 16_384;
const errorCharsMax = 300;

export interface OutboxRow {
  readonly n: number;
  readonly id: string;
  readonly type: AnyPageType;
  readonly body: string;
  readonly at: string;
  readonly attempts: number;
}

/** Belongs to `appendEvent`: the one place where an event becomes a page. */
export async function enqueuePage(tx: Db, eventId: number, event: NewEvent): Promise<void> {
  const type = pageOf(event.type, event.data);
  if (type === undefined) return;
  const webhook = await readWebhook(tx);
  if (webhook === undefined || !isWanted(webhook, type)) return;
  if ((await countPending(tx)) >= pendingMax && !isOwn(type)) return noteUnlisted(tx, event.at);
  await insertMessage(tx, {
    type,
    at: event.at,
    webhook,
    subject: subjectOf(event),
    data: dataOf(type, eventId, event),
  });
}

function isOwn(type: AnyPageType): boolean {
  return (ownPageTypes as readonly string[]).includes(type);
}

function isWanted({ events }: Selectable<WebhookTable>, type: AnyPageType): boolean {
  return isOwn(type) || JSON.parse(events).includes(type);
}

async function noteUnlisted(tx: Db, at: string): Promise<void> {
  await tx
    .updateTable('webhook')
    .set((eb) => ({ unlisted: eb('unlisted', '+', 1), unlisted_since: eb.fn.coalesce('unlisted_since', eb.val(at)) }))
    .execute();
}

interface Message {
  readonly type: AnyPageType;
  readonly at: string;
  readonly webhook: Selectable<WebhookTable>;
  readonly subject: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body as it is signed and sent: CloudEvents 1.0, structured. Its id stays the same whenever it is sent. */
async function insertMessage(tx: Db, { type, at, webhook, subject, data }: Message): Promise<void> {
  const id = uuidv7(Date.parse(at));
  const body = JSON.stringify({
    specversion: '1.0',
    id,
    source: webhook.source,
    type: `pristine.${type}`,
    ...(subject !== undefined && { subject }),
    time: at,
    datacontenttype: 'application/json',
    data,
  });
  await tx
    .insertInto('outbox')
    .values({ message_id: id, type, at, body, state: 'pending', attempts: 0, next_at: at })
    .execute();
}

function subjectOf({ groupName, instanceId, replacementId }: NewEvent): string | undefined {
  if (replacementId !== undefined) return `replacements/${replacementId}`;
  if (instanceId !== undefined) return `instances/${instanceId}`;
  return groupName === undefined ? undefined : `groups/${groupName}`;
}

function dataOf(type: AnyPageType, eventId: number, event: NewEvent): Readonly<Record<string, unknown>> {
  const { groupName: group, instanceId, replacementId, data } = event;
  const about = { message: sentenceOf(type, event), event: eventId, group, instanceId, replacementId };
  return JSON.stringify(data).length > dataCharsMax ? { ...about, isCut: true } : { ...about, details: data };
}

/** For whoever is woken by it. */
function sentenceOf(
  type: AnyPageType,
  { groupName, instanceId, replacementId, data }: Omit<NewEvent, 'at' | 'type'>,
): string {
  const text = (key: string) => (typeof data[key] === 'string' ? `: ${data[key].slice(0, 1_000)}` : '');
  const machine = typeof data['providerId'] === 'string' ? data['providerId'] : instanceId;
  switch (type) {
    case 'breaker.tripped':
      return `The breaker of group ${groupName} opened, and nothing is replaced in it until a person resets it${text('cause')}`;
    case 'replacement.stuck':
      return `Replacement ${replacementId} of ${machine} in group ${groupName} is stuck${text('detail')}`;
    case 'instance.absent':
      return `Machine ${machine} of group ${groupName} runs, and its agent never reported${text('detail')}`;
    case 'instance.silent':
      return `Machine ${machine} of group ${groupName} runs, and its agent is silent${text('detail')}`;
    case 'approval.requested':
      return `A replacement in group ${groupName} waits for approval${text('detail')}`;
    case 'proof.revoked':
      return `The proof of replacement ${replacementId} in group ${groupName} is revoked, since its drift has come back${text('shape')}`;
    case 'rollout.paused':
      return `The rollout in group ${groupName} paused itself${text('cause')}`;
    case 'webhook.test':
      return 'A test: whoever reads this is called by this Pristine when something is wrong';
    case 'webhook.unlisted':
      return `${data['count']} pages since ${data['since']} are in no message, because there was no room for them: \`pristinectl events\` has them`;
    default:
      return type satisfies never;
  }
}

/** Says what could not be listed, now that there is room. */
export async function tellUnlisted(tx: Db, at: string): Promise<boolean> {
  const webhook = await readWebhook(tx);
  if (webhook === undefined || webhook.unlisted === 0 || (await countPending(tx)) >= pendingMax) return false;
  const data = { count: webhook.unlisted, since: webhook.unlisted_since ?? at };
  const type = 'webhook.unlisted';
  const told = { message: sentenceOf(type, { data }), details: data };
  await insertMessage(tx, { type, at, webhook, subject: undefined, data: told });
  await tx.updateTable('webhook').set({ unlisted: 0, unlisted_since: null }).execute();
  return true;
}

export async function countPending(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('outbox')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '=', 'pending')
    .executeTakeFirstOrThrow();
  return Number(n);
}

/**
 * The page that has been due for longest. One that is to wait for longer than anything waits was put off by a clock that was set
 * back since: it is due.
 */
export async function nextDue(
  db: Db,
  now: number,
  { waitMsMax, isOnlyTests }: { readonly waitMsMax: number; readonly isOnlyTests: boolean },
): Promise<OutboxRow | undefined> {
  let select = db
    .selectFrom('outbox')
    .selectAll()
    .where('state', '=', 'pending')
    .where((eb) => eb.or([eb('next_at', '<=', timestamp(now)), eb('next_at', '>', timestamp(now + waitMsMax))]))
    .orderBy('next_at')
    .orderBy('n')
    .limit(1);
  if (isOnlyTests) select = select.where('type', '=', 'webhook.test');
  const row = await select.executeTakeFirst();
  return row && outboxRow(row);
}

/** The test that this transaction has just asked for. Whoever asked sends it: nobody else does, unless that one is gone. */
export async function takeTest(tx: Db, otherwiseAt: string): Promise<OutboxRow | undefined> {
  const row = await tx
    .selectFrom('outbox')
    .selectAll()
    .where('type', '=', 'webhook.test')
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) await tx.updateTable('outbox').set({ next_at: otherwiseAt }).where('n', '=', row.n).execute();
  return row && outboxRow(row);
}

export async function noteDelivered(tx: Db, { n, attempts }: OutboxRow, at: string): Promise<void> {
  await end(tx, n, { state: 'delivered', attempts: attempts + 1, error: null, ended_at: at });
  await tx
    .updateTable('webhook')
    .set((eb) => ({ delivered: eb('delivered', '+', 1), last_delivered_at: at }))
    .execute();
}

/** It is sent no more; how many there were is counted for ever. */
export async function noteDead(tx: Db, { n, attempts }: OutboxRow, error: string, at: string): Promise<void> {
  await end(tx, n, { state: 'dead', attempts, error: error.slice(0, errorCharsMax), ended_at: at });
  await tx
    .updateTable('webhook')
    .set((eb) => ({ dead: eb('dead', '+', 1) }))
    .execute();
}

async function end(
  tx: Db,
  n: number,
  values: Pick<OutboxTable, 'state' | 'attempts' | 'error' | 'ended_at'>,
): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ ...values, next_at: null })
    .where('n', '=', n)
    .execute();
  const last = await tx
    .selectFrom('outbox')
    .select('n')
    .where('state', '=', values.state)
    .orderBy('n', 'desc')
    .offset(endedKept)
    .limit(1)
    .executeTakeFirst();
  if (last !== undefined)
    await tx.deleteFrom('outbox').where('state', '=', values.state).where('n', '<=', last.n).execute();
}

export async function noteRefused(
  db: Db,
  { n, attempts }: OutboxRow,
  { error, nextAt }: { readonly error: string; readonly nextAt: string },
): Promise<void> {
  await db
    .updateTable('outbox')
    .set({ attempts: attempts + 1, error: error.slice(0, errorCharsMax), next_at: nextAt })
    .where('n', '=', n)
    .execute();
}

export interface WebhookRecord {
  /** Digest of the whole address: another one is another receiver. */
  readonly address: string;
  /** Scheme and host. */
  readonly receiver: string;
  readonly events: readonly PageType[];
  readonly source: string;
}

/** What the configuration says at a start; null where it names no webhook. Another receiver is not disabled, whatever one said before. */
export async function noteWebhook(tx: Db, record: WebhookRecord | null): Promise<void> {
  if (record === null) {
    await tx.updateTable('webhook').set({ configured: 0 }).execute();
    return;
  }
  const { address, receiver, source } = record;
  const values = { address, receiver, source, events: JSON.stringify(record.events), configured: 1 };
  const before = await tx.selectFrom('webhook').select('address').executeTakeFirst();
  const enabled = before?.address === address ? {} : { disabled_at: null, disabled_reason: null };
  await tx
    .insertInto('webhook')
    .values({ id: 1, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...values, ...enabled }))
    .execute();
}

/** Undefined where none is configured. */
export async function readWebhook(db: Db): Promise<Selectable<WebhookTable> | undefined> {
  return db.selectFrom('webhook').selectAll().where('configured', '=', 1).executeTakeFirst();
}

export async function disableWebhook(tx: Db, reason: string, at: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhook')
    .set({ disabled_at: at, disabled_reason: reason })
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function enableWebhook(tx: Db): Promise<void> {
  await tx.updateTable('webhook').set({ disabled_at: null, disabled_reason: null }).execute();
}

function outboxRow(row: Selectable<OutboxTable>): OutboxRow {
  const { n, message_id: id, body, at, attempts } = row;
  return { n, id, type: row.type as AnyPageType, body, at, attempts };
}
