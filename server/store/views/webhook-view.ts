import type { OutboxMessage, WebhookView } from '../../../shared/page.ts';
import type { Db } from '../database.ts';
import { countPending, readWebhook } from '../outbox-store.ts';

const recentMax = 20;

export async function viewWebhook(db: Db): Promise<WebhookView> {
  const webhook = await readWebhook(db);
  const oldest = await db
    .selectFrom('outbox')
    .select((eb) => eb.fn.min('at').as('at'))
    .where('state', '=', 'pending')
    .executeTakeFirst();
  const counts = webhook ?? (await db.selectFrom('webhook').selectAll().executeTakeFirst());
  const isDisabled = webhook !== undefined && webhook.disabled_at !== null;
  return {
    state: webhook === undefined ? 'none' : isDisabled ? 'disabled' : 'active',
    receiver: webhook?.receiver ?? null,
    events: webhook === undefined ? [] : JSON.parse(webhook.events),
    disabled:
      webhook === undefined || webhook.disabled_at === null
        ? null
        : { at: webhook.disabled_at, reason: webhook.disabled_reason ?? '' },
    pending: await countPending(db),
    oldestPendingAt: oldest?.at ?? null,
    delivered: counts?.delivered ?? 0,
    dead: counts?.dead ?? 0,
    unlisted: counts?.unlisted ?? 0,
    lastDeliveredAt: counts?.last_delivered_at ?? null,
    recent: await recentMessages(db),
  };
}

async function recentMessages(db: Db): Promise<OutboxMessage[]> {
  const rows = await db.selectFrom('outbox').selectAll().orderBy('n', 'desc').limit(recentMax).execute();
  return rows.map(({ message_id: id, type, state, at, attempts, next_at: nextAt, error }) => ({
    ...{ id, type, state, at, attempts, nextAt, error },
  }));
}
