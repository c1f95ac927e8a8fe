import { z } from 'zod';
import type { FleetEvent } from './event.ts';

/** What calls a person, by the webhook. */
export const pageTypes = [
  'breaker.tripped',
  'replacement.stuck',
  'instance.absent',
  'instance.silent',
  'approval.requested',
  'proof.revoked',
  'rollout.paused',
] as const;
export const PageType = z.enum(pageTypes).meta({ id: 'PageType' });
export type PageType = z.infer<typeof PageType>;

/** Beside those, about the calling itself: they are always sent. */
export const ownPageTypes = ['webhook.test', 'webhook.unlisted'] as const;
export type AnyPageType = PageType | (typeof ownPageTypes)[number];

/** The page that an event is, if it is one. A replacement that is stuck is a step like others. */
export function pageOf(type: string, data: FleetEvent['data']): AnyPageType | undefined {
  if (type === 'replacement.step') return data['state'] === 'stuck' ? 'replacement.stuck' : undefined;
  return [...pageTypes, ...ownPageTypes].find((page) => page === type);
}

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

export const OutboxState = z.enum(['pending', 'delivered', 'dead']).meta({ id: 'OutboxState' });
export type OutboxState = z.infer<typeof OutboxState>;

export const OutboxMessage = z
  .object({
    id: z.string().describe('of the CloudEvent: the same however often it is sent'),
    type: z.string(),
    state: OutboxState.describe('`dead`: refused for good, or not taken for days; it is not sent any more'),
    at: time,
    attempts: count,
    nextAt: time.nullable(),
    error: z.string().nullable().describe('of the last attempt'),
  })
  .meta({ id: 'OutboxMessage' });
export type OutboxMessage = z.infer<typeof OutboxMessage>;

export const WebhookView = z
  .object({
    state: z.enum(['none', 'active', 'disabled']).describe('`disabled`: the receiver said that it is gone (410)'),
    receiver: z.string().nullable().describe('scheme and host: the rest of the address may be a secret'),
    events: z.array(PageType),
    disabled: z.object({ at: time, reason: z.string() }).nullable(),
    pending: count,
    oldestPendingAt: time.nullable(),
    delivered: count.describe('ever'),
    dead: count.describe('ever'),
    unlisted: count.describe(
      'pages for which there was no room: the receiver is told how many, as soon as it takes some',
    ),
    lastDeliveredAt: time.nullable(),
    recent: z.array(OutboxMessage).describe('the latest twenty, newest first'),
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.infer<typeof WebhookView>;

export const WebhookTested = z
  .object({ id: z.string(), status: z.int().describe('what the receiver answered') })
  .meta({ id: 'WebhookTested' });
export type WebhookTested = z.infer<typeof WebhookTested>;
