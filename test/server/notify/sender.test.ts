import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventFeed } from '../../../server/fleet/event-feed.ts';
import { WebhookConfig } from '../../../server/notify/config.ts';
import { createSender, type Sender } from '../../../server/notify/sender.ts';
import { openWebhook } from '../../../server/notify/webhook.ts';
import { type Db, openDatabase } from '../../../server/store/database.ts';
import { appendEvent, readEvents } from '../../../server/store/event-store.ts';
import { resetBreaker, tripBreaker } from '../../../server/store/group-store.ts';
import { enqueuePage, pendingMax } from '../../../server/store/outbox-store.ts';
import { viewWebhook } from '../../../server/store/views/webhook-view.ts';
import { timestamp } from '../../../shared/clock.ts';
import { anAuthority } from '../../support/certificates.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDirectory } from '../../support/database.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { insertGroup } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { aReceiver } from '../../support/webhook-receiver.ts';

const key = Buffer.alloc(32, 7);
const secret = `whsec_${key.toString('base64')}`;

let db: Db;
let clock: FakeClock;
let logged: string[];
const ending: (() => unknown)[] = [];
beforeEach(async () => {
  db = await openDatabase({ file: ':memory:' });
  clock = createFakeClock();
  logged = [];
  await insertGroup(db);
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function receiver(options: Parameters<typeof aReceiver>[0] = {}) {
  const made = await aReceiver(options);
  ending.push(() => made.close());
  return made;
}

async function open(url: string, rest: object = {}): Promise<Sender> {
  const config = WebhookConfig.parse({ url, ...rest });
  const webhook = (await openWebhook(db, config, { inEnvironment: secret, source: 'urn:test' }))!;
  const log = (level: string) => (fields: unknown, message?: string) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const logger = { info: log('info'), warn: log('warn'), error: log('error') } as never;
  const made = createSender({ db, feed: createEventFeed(), clock, log: logger, random: () => 0.5, ...webhook });
  made.start();
  ending.push(() => made.stop());
  return made;
}

async function trip(cause = 'too many are drifted'): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tripBreaker(tx, 'web', cause, timestamp(clock.now()));
  });
}
async function tripAgain(cause: string): Promise<void> {
  await db.transaction().execute((tx) => resetBreaker(tx, 'web', 'seen', timestamp(clock.now())));
  await trip(cause);
}

/** Lets time pass in small steps, and the network do its part, until it holds. */
async function passUntil(fact: () => boolean | Promise<boolean>): Promise<void> {
  await until(async () => {
    clock.advance(1_000);
    return fact();
  });
}
const rows = () => db.selectFrom('outbox').selectAll().orderBy('n').execute();
const states = async () => (await rows()).map(({ state }) => state);

describe('a page', () => {
  it('is a signed CloudEvent, and says what a person needs', async () => {
    const { received, url } = await receiver();
    await open(url);

    await trip();
    await passUntil(() => received.length > 0);

    const { headers, body } = received[0]!;
    const event = JSON.parse(body);
    expect(event).toMatchObject({
      ...{ specversion: '1.0', source: 'urn:test', type: 'pristine.breaker.tripped', subject: 'groups/web' },
      data: { group: 'web', message: expect.stringContaining('too many are drifted') },
    });
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': event.id,
      'webhook-signature': `v1,${createHmac('sha256', key).update(`${event.id}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`,
    });
    await passUntil(async () => (await states())[0] === 'delivered');
    expect(await viewWebhook(db)).toMatchObject({
      state: 'active',
      pending: 0,
      delivered: 1,
      dead: 0,
      receiver: url.replace('/hook', ''),
    });
  });

  it('is in the outbox if its event is in the table, and not else', async () => {
    await open('http://127.0.0.1:9/');
    const failed = db.transaction().execute(async (tx) => {
      await tripBreaker(tx, 'web', 'no', timestamp(clock.now()));
      throw new Error('rolled back');
    });

    await expect(failed).rejects.toThrow('rolled back');
    expect(await rows()).toEqual([]);
    await trip();
    expect(await rows()).toHaveLength(1);
  });

  it.each([
    ['replacement.step', { state: 'stuck', detail: 'rolling back failed' }, 1],
    ['replacement.step', { state: 'failed', detail: 'rolled back' }, 0],
    ['breaker.tripped', { cause: 'many' }, 1],
    ['breaker.reset', {}, 0],
  ] as const)('comes from %s %j: %i', async (type, data, count) => {
    await open('http://127.0.0.1:9/');

    await appendEvent(db, { at: timestamp(clock.now()), type, groupName: 'web', replacementId: 'r', data });

    expect(await rows()).toHaveLength(count);
  });

  it('comes only from what the configuration asks for', async () => {
    await open('http://127.0.0.1:9/', { events: ['replacement.stuck'] });

    await trip();

    expect(await rows()).toEqual([]);
  });

  it('comes from nothing where there is no webhook', async () => {
    await openWebhook(db, undefined, { inEnvironment: undefined, source: 'urn:test' });

    await trip();

    expect(await rows()).toEqual([]);
    expect((await viewWebhook(db)).state).toBe('none');
  });
});

describe('delivery', () => {
  it('is tried again until it is taken, under the same id', async () => {
    const { received, url } = await receiver({ reply: (n) => ({ status: n < 4 ? 503 : 200 }) });
    await open(url);

    await trip();
    await passUntil(async () => (await states())[0] === 'delivered');

    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await rows())[0]).toMatchObject({ attempts: 4, error: null });
  });

  it('survives that nobody listens', async () => {
    const closed = await receiver();
    closed.close();
    await open(closed.url);
    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) >= 2);
    expect((await rows())[0]?.error).toMatch(/ECONNREFUSED/);

    const { received } = await receiver({ port: closed.port });
    await passUntil(async () => (await states())[0] === 'delivered');

    expect(received).toHaveLength(1);
  });

  it('leaves a receiver alone for as long as it asks (429)', async () => {
    const times: number[] = [];
    const { url } = await receiver({
      reply: (n) => {
        times.push(clock.now());
        return n === 1 ? { status: 429, headers: { 'retry-after': '600' } } : { status: 200 };
      },
    });
    await open(url);
    await trip('one');
    await tripAgain('two');

    await passUntil(async () => (await states()).every((state) => state === 'delivered'));

    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(600_000);
  });

  it('goes on with others when one is refused for good, which is counted', async () => {
    const { url } = await receiver({ reply: (_, { body }) => ({ status: body.includes('poison') ? 422 : 200 }) });
    await open(url);
    await trip('poison');
    await tripAgain('good');

    await passUntil(async () => (await states())[1] === 'delivered');

    expect(await states()).toEqual(['dead', 'delivered']);
    expect(await viewWebhook(db)).toMatchObject({
      dead: 1,
      recent: [{ state: 'delivered' }, { error: 'it answered 422' }],
    });
    expect(logged.some((line) => line.startsWith('error notify: a page is given up'))).toBe(true);
  });

  it('goes on with others when the receiver fails at one again and again', async () => {
    const { url } = await receiver({ reply: (_, { body }) => ({ status: body.includes('poison') ? 500 : 200 }) });
    await open(url);
    await trip('poison');
    await tripAgain('good');

    await passUntil(async () => (await states())[1] === 'delivered');

    expect(await states()).toEqual(['pending', 'delivered']);
  });

  it('is given up after three days, and counted', async () => {
    const { url } = await receiver({ reply: () => ({ status: 500 }) });
    await open(url);
    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) > 0);

    clock.advance(3 * 86_400_000);
    await passUntil(async () => (await states())[0] === 'dead');

    expect((await viewWebhook(db)).dead).toBe(1);
  });

  it('goes on after a clock that was set back by years', async () => {
    const { url } = await receiver({ reply: (n) => ({ status: n === 1 ? 500 : 200 }) });
    await open(url);
    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) > 0);

    clock.jump(-3_650 * 86_400_000);

    await passUntil(async () => (await states())[0] === 'delivered');
  });

  it('stops at 410, with an event, keeps what comes, and goes on once a test is taken', async () => {
    const { received, url } = await receiver({ reply: (n) => ({ status: n === 1 ? 410 : 200 }) });
    const own = await open(url);
    await trip('one');
    await passUntil(async () => (await viewWebhook(db)).state === 'disabled');
    await tripAgain('two');
    const before = received.length;
    for (let n = 0; n < 50; n += 1) await passUntil(() => true);
    expect(received).toHaveLength(before);
    expect((await readEvents(db, { afterId: 0, limit: 50 })).map(({ type }) => type)).toContain('webhook.disabled');
    expect(await states()).toEqual(['pending', 'pending']);

    await own.test('ann');

    await passUntil(async () => (await states()).every((state) => state === 'delivered'));
    expect((await viewWebhook(db)).state).toBe('active');
  });

  it('to another address begins anew, whatever the former one said', async () => {
    const gone = await receiver({ reply: () => ({ status: 410 }) });
    const first = await open(gone.url);
    await trip();
    await passUntil(async () => (await viewWebhook(db)).state === 'disabled');
    await first.stop();

    const { url } = await receiver();
    await open(url);

    await passUntil(async () => (await states())[0] === 'delivered');
  });
});

describe('a test', () => {
  it('says what was answered', async () => {
    const { received, url } = await receiver({ reply: () => ({ status: 202 }) });
    const own = await open(url);

    expect(await own.test('ann')).toMatchObject({ status: 202 });
    expect(JSON.parse(received[0]!.body)).toMatchObject({ type: 'pristine.webhook.test' });
  });

  it('that is not taken is an error, and not tried again', async () => {
    const { received, url } = await receiver({ reply: () => ({ status: 500 }) });
    const own = await open(url);

    expect(await codeOfAsync(() => own.test('ann'))).toBe('UNREACHABLE');

    for (let n = 0; n < 30; n += 1) await passUntil(() => true);
    expect(received).toHaveLength(1);
    expect(await states()).toEqual(['dead']);
  });
});

describe('a receiver that is not well', () => {
  it('is not followed where it redirects to', async () => {
    const elsewhere = await receiver();
    const { url } = await receiver({ reply: () => ({ status: 307, headers: { location: elsewhere.url } }) });
    await open(url);

    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) >= 2);

    expect(elsewhere.received).toEqual([]);
    expect((await rows())[0]?.error).toMatch(/redirects are not followed/);
  });

  it('may say as much as it likes: nothing of it is kept', async () => {
    const body = Buffer.alloc(8_000_000, 'secret of the inside ');
    const { url } = await receiver({ reply: () => ({ status: 500, body }) });
    await open(url);

    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) >= 1);

    expect(JSON.stringify([await viewWebhook(db), await rows(), logged])).not.toContain('secret of the inside');
  });

  it('that speaks no HTTP is tried again', async () => {
    const tcp = createTcp((socket) => socket.end('hello\r\n'));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    ending.push(() => tcp.close());
    await open(`http://127.0.0.1:${(tcp.address() as { port: number }).port}/`);

    await trip();

    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) >= 2);
    expect(await states()).toEqual(['pending']);
  });
});

describe('over TLS', () => {
  const authority = anAuthority();

  it('is delivered to whom the CA of the configuration vouches for', async () => {
    const ca = join(aDirectory(), 'ca.pem');
    writeFileSync(ca, authority.certificate);
    const { received, url } = await receiver({ certificate: authority.issue() });
    await open(url, { ca });

    await trip();

    await passUntil(() => received.length > 0);
  });

  it('is delivered to nobody else', async () => {
    const { received, url } = await receiver({ certificate: authority.issue() });
    await open(url);

    await trip();
    await passUntil(async () => ((await rows())[0]?.attempts ?? 0) >= 2);

    expect(received).toEqual([]);
  });
});

it('drops nothing that waits when there is no room for more, and tells how many came', async () => {
  const { received, url } = await receiver({ reply: (n) => ({ status: n === 1 ? 503 : 200 }) });
  await openWebhook(db, WebhookConfig.parse({ url }), { inEnvironment: secret, source: 'urn:test' });
  const at = timestamp(clock.now());
  await db.transaction().execute(async (tx) => {
    const waiting = { type: 'breaker.tripped', at, body: '{}', state: 'pending' as const, attempts: 0, next_at: at };
    const rows = Array.from({ length: 1_000 }, (_, n) => n);
    for (let from = 0; from < pendingMax; from += rows.length)
      await tx
        .insertInto('outbox')
        .values(rows.map((n) => ({ ...waiting, message_id: `${from + n}` })))
        .execute();
    for (let n = 0; n < 3; n += 1)
      await enqueuePage(tx, n, { at, type: 'breaker.tripped', groupName: 'web', data: { cause: `${n}` } });
  });
  expect(await viewWebhook(db)).toMatchObject({ pending: pendingMax, unlisted: 3 });
  await db.updateTable('outbox').set({ state: 'delivered' }).where('n', '>', 2).execute();

  await open(url);
  await passUntil(() => received.some(({ body }) => body.includes('pristine.webhook.unlisted')));

  const told = received.map(({ body }) => JSON.parse(body)).find(({ type }) => type === 'pristine.webhook.unlisted');
  expect(told.data).toMatchObject({ details: { count: 3 }, message: expect.stringContaining('3 pages since') });
  expect(await viewWebhook(db)).toMatchObject({ unlisted: 0 });
});
