import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../../server/store/event-store.ts';
import { aGroup } from '../../support/builders.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertInstance } from '../../support/rows.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer();
});
afterEach(() => server.close());

const group = (overrides: object = {}) => ({ ...aGroup(), ...overrides });
const policy = (overrides: object = {}) => ({ kind: 'Policy', name: 'web', select: { group: 'web' }, ...overrides });

describe('apply', () => {
  it('counts changes, and only changes', async () => {
    const answers = [
      await server.post('apply', group()),
      await server.post('apply', group()),
      await server.post('apply', Object.fromEntries(Object.entries(group()).reverse())),
      await server.post('apply', group({ labels: { env: 'prod' } })),
      await server.post('apply', group({ labels: { env: 'prod' } })),
    ];

    expect(answers.map(({ body }) => [body.result, body.version])).toEqual([
      ['created', 1],
      ['unchanged', 1],
      ['unchanged', 1],
      ['changed', 2],
      ['unchanged', 2],
    ]);
    const events = await readEvents(server.db, { afterId: 0, limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(['group.changed', 'image.promoted', 'group.changed']);
  });

  it('takes a written default for the default', async () => {
    await server.post('apply', policy());

    expect((await server.post('apply', policy({ mode: 'observe', triggers: [] }))).body.result).toBe('unchanged');
  });

  it('observes unless told to enforce, and knows the rest of the defaults', async () => {
    await server.post('apply', policy({ triggers: [{ drift: { severity: 'high' } }] }));

    const { body } = await server.get('policies/web');
    expect(body.policy).toMatchObject({
      mode: 'observe',
      triggers: [{ drift: { severity: 'high', settle: '2m' } }],
      strategy: { order: 'launch-first', drainTimeout: '10m', verifyWithin: '10m', soak: '5m' },
      budgets: [],
    });
  });

  it('keeps a bare 0 as a duration', async () => {
    const answer = await server.post('apply', policy({ triggers: [{ drift: { settle: 0 } }] }));

    expect(answer.status).toBe(200);
    expect((await server.get('policies/web')).body.policy.triggers[0].drift.settle).toBe('0');
  });

  it('lets an empty selector select nothing', async () => {
    await server.post('apply', group({ stateless: false }));

    const answer = await server.post('apply', policy({ select: {}, mode: 'enforce' }));

    expect(answer.body.result).toBe('created');
    expect((await server.get('policies/web')).body.policy.select).toEqual({});
  });

  it.each([
    ['a misspelt field', policy({ mod: 'observe' }), '/mod'],
    ['a mode', policy({ mode: 'kill' }), '/mode'],
    ['a percentage', policy({ budgets: [{ max: '101%' }] }), '/budgets/0/max'],
    ['a negative budget', policy({ budgets: [{ max: -1 }] }), '/budgets/0/max'],
    ['a trigger of a budget', policy({ budgets: [{ max: 1, triggers: ['rain'] }] }), '/budgets/0/triggers/0'],
    ['an age of minutes', policy({ triggers: [{ olderThan: '59m' }] }), '/triggers/0/olderThan'],
    [
      'a time zone',
      policy({ windows: [{ allow: '0 2 * * *', duration: '4h', timeZone: 'CET+1' }] }),
      '/windows/0/timeZone',
    ],
    [
      'a cron expression',
      policy({ windows: [{ deny: '0 25 * * *', duration: '4h', timeZone: 'UTC' }] }),
      '/windows/0/deny',
    ],
    ['a duration', policy({ strategy: { soak: '5 minutes' } }), '/strategy/soak'],
    [
      'a severity that does not drift',
      policy({ triggers: [{ drift: { severity: 'info' } }] }),
      '/triggers/0/drift/severity',
    ],
    ['an order', policy({ strategy: { order: 'both' } }), '/strategy/order'],
    ['a name', policy({ name: '../x' }), '/name'],
    ['an upper-case name', group({ name: 'Web' }), '/name'],
    ['a provider', group({ provider: { type: 'aws-asg' } }), '/provider/type'],
    ['a relative directory', group({ provider: { type: 'local', directory: 'x', images: {} } }), '/provider/directory'],
    ['an image', group({ images: { stable: 'web' } }), '/images/stable'],
    ['a label', group({ labels: { env: 1 } }), '/labels/env'],
    ['a statement about state', group({ stateless: 'yes' }), '/stateless'],
    ['half a character', group({ labels: { env: '\ud800' } }), null],
  ])('refuses %s that it cannot mean', async (_what, document, pointer) => {
    const { status, body } = await server.post('apply', document);

    expect({ status, code: body.code }).toEqual({ status: 422, code: 'USAGE' });
    if (pointer !== null) expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  describe('enforce', () => {
    const enforce = policy({ mode: 'enforce' });

    it('is refused for a group that nobody declared stateless', async () => {
      await server.post('apply', group({ stateless: false }));

      const { status, body } = await server.post('apply', enforce);

      expect({ status, code: body.code }).toEqual({ status: 409, code: 'CONFLICT' });
      expect(body.detail).toContain('stateless: true');
      expect((await server.get('policies/web')).status).toBe(404);
    });

    it('refuses such a group when it comes second', async () => {
      await server.post('apply', enforce);

      const { status, body } = await server.post('apply', group({ stateless: false }));

      expect({ status, code: body.code }).toEqual({ status: 409, code: 'CONFLICT' });
      expect((await server.get('groups/web')).status).toBe(404);
    });

    it('refuses to let the declaration go later', async () => {
      await server.post('apply', group());
      await server.post('apply', enforce);

      expect((await server.post('apply', group({ stateless: false }))).status).toBe(409);
      expect((await server.get('groups/web')).body.group.stateless).toBe(true);
    });

    it.each([
      ['group first', [group(), enforce]],
      ['policy first', [enforce, group()]],
    ])('is taken for a stateless group, %s', async (_order, documents) => {
      const answers = [];
      for (const document of documents) answers.push(await server.post('apply', document));

      expect(answers.map(({ body }) => body.result)).toEqual(['created', 'created']);
    });
  });

  it('keeps an open breaker open when the group changes', async () => {
    await server.post('apply', group());
    await server.db
      .updateTable('instance_group')
      .set({ breaker_cause: 'much', breaker_at: '2026-01-01T00:00:00.000Z' })
      .execute();

    await server.post('apply', group({ labels: { env: 'x' } }));

    expect((await server.get('groups/web')).body.breaker).toEqual({
      cause: 'much',
      trippedAt: '2026-01-01T00:00:00.000Z',
    });
  });

  it('resets a breaker for a reason, which is kept', async () => {
    await server.post('apply', group());
    await insertInstance(server.db);
    await server.db
      .updateTable('instance_group')
      .set({ breaker_cause: 'much', breaker_at: '2026-01-01T00:00:00.000Z' })
      .execute();

    const { status, body } = await server.post('groups/web/breaker:reset', { reason: 'bad rule fixed' });

    expect({ status, breaker: body.breaker }).toEqual({ status: 200, breaker: null });
    const events = await readEvents(server.db, { afterId: 2, limit: 10 });
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['breaker.reset', { reason: 'bad rule fixed', cause: 'much', actor: 'admin' }],
    ]);
  });
});
