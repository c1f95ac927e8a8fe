import { beforeEach, describe, expect, it } from 'vitest';
import { WebhookConfig } from '../../../server/notify/config.ts';
import { openWebhook } from '../../../server/notify/webhook.ts';
import { type Db, openDatabase } from '../../../server/store/database.ts';
import { appendEvent, type NewEvent } from '../../../server/store/event-store.ts';
import { type PageType, pageTypes } from '../../../shared/page.ts';
import { aTime } from '../../support/builders.ts';

let db: Db;
beforeEach(async () => {
  db = await openDatabase({ file: ':memory:' });
  const inEnvironment = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const config = WebhookConfig.parse({ url: 'http://127.0.0.1:9/' });
  await openWebhook(db, config, { inEnvironment, source: 'urn:test' });
});

/** Of each type an event such as whoever tells of it makes, and what a person is told. */
type Told = Pick<NewEvent, 'type'> & Partial<NewEvent>;
const pages: Readonly<Record<PageType, { readonly event: Told; readonly message: RegExp }>> = {
  'breaker.tripped': {
    event: { type: 'breaker.tripped', data: { cause: 'too many' } },
    message: /group web opened.*: too many$/,
  },
  'replacement.stuck': {
    event: { type: 'replacement.step', replacementId: 'r-1', data: { state: 'stuck', detail: 'no way back' } },
    message: /r-1 .* is stuck: no way back$/,
  },
  'instance.absent': {
    event: { type: 'instance.absent', data: { providerId: 'm-1', detail: 'look' } },
    message: /m-1 of group web runs.*never reported: look$/,
  },
  'instance.silent': {
    event: { type: 'instance.silent', instanceId: 'i-1', data: { providerId: 'm-1', detail: 'look' } },
    message: /m-1 of group web runs, and its agent is silent: look$/,
  },
  'approval.requested': {
    event: { type: 'approval.requested', data: { detail: 'policy web' } },
    message: /group web waits for approval: policy web$/,
  },
  'proof.revoked': {
    event: { type: 'proof.revoked', replacementId: 'r-1', data: { shape: 'file modified /etc/motd' } },
    message: /r-1 .* is revoked.*: file modified \/etc\/motd$/,
  },
  'rollout.paused': {
    event: { type: 'rollout.paused', data: { cause: 'one failed' } },
    message: /group web paused itself: one failed$/,
  },
};
const eventOf = (type: PageType): NewEvent => ({
  ...{ at: aTime, groupName: 'web', data: {} },
  ...pages[type].event,
});
const outbox = () => db.selectFrom('outbox').select(['type', 'state', 'body']).execute();

describe.each(pageTypes)('%s', (type) => {
  it('is in the outbox once, with the event that it tells of, and says what is wrong', async () => {
    await db.transaction().execute((tx) => appendEvent(tx, eventOf(type)));

    const rows = await outbox();
    expect(rows).toMatchObject([{ type, state: 'pending' }]);
    const [event] = await db.selectFrom('event').select('id').execute();
    const body = JSON.parse(rows[0]!.body);
    expect(body).toMatchObject({ type: `pristine.${type}`, data: { event: event!.id, group: 'web' } });
    expect(body.data.message).toMatch(pages[type].message);
  });

  it('is not, where the event is taken back', async () => {
    const failed = db.transaction().execute(async (tx) => {
      await appendEvent(tx, eventOf(type));
      throw new Error('taken back');
    });

    await expect(failed).rejects.toThrow('taken back');
    expect(await outbox()).toEqual([]);
    expect(await db.selectFrom('event').select('id').execute()).toEqual([]);
  });
});
