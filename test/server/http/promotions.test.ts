import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../../server/store/event-store.ts';
import { pauseRollout } from '../../../server/store/rollout-store.ts';
import { digestOf } from '../../../shared/digest.ts';
import { aGroup } from '../../support/builders.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertImage } from '../../support/rows.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer();
  for (const version of ['6', '7', '8', '9']) await insertImage(server.db, { digest: digestOf(version), version });
  await server.post('apply', aGroup());
});
afterEach(() => server.close());

const promote = (image: string, more: object = {}) => server.post('groups/web/images:promote', { image, ...more });
const rollBack = () => server.post('groups/web/images:rollback', { reason: 'it leaks' });
const images = async () => (await server.get('groups/web')).body.group.images;
const history = async () => (await server.get('groups/web/promotions')).body.items;

describe('a promotion', () => {
  it('changes what the group promotes, and is kept with who, why and when', async () => {
    const { status, body } = await promote('web@8', { reason: 'a fix' });

    expect([status, body.group.images, body.version]).toEqual([200, { stable: 'web@8' }, 2]);
    expect(body).toMatchObject({ promotion: { image: 'web@8', actor: 'admin' }, rollsBackTo: 'web@7' });
    expect(await history()).toEqual([
      {
        ...{ id: 2, group: 'web', channel: 'stable', image: 'web@8', previous: 'web@7', how: 'promoted' },
        ...{ actor: 'admin', reason: 'a fix', at: expect.any(String) },
      },
      expect.objectContaining({ id: 1, image: 'web@7', previous: null, how: 'applied' }),
    ]);
    const events = await readEvents(server.db, { afterId: 0, limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(Array(2).fill(['group.changed', 'image.promoted']).flat());
  });

  it('is a document that changes images too, and no other document is one', async () => {
    await server.post('apply', aGroup({ images: { stable: 'web@8', canary: 'web@9' } }));
    await server.post('apply', aGroup({ images: { stable: 'web@8', canary: 'web@9' }, labels: { env: 'prod' } }));
    await server.post('apply', aGroup({ images: { stable: 'web@8' } }));

    const told = (await history()).map((one: Record<string, unknown>) => [one['channel'], one['image'], one['how']]);
    expect(told.slice(0, -1)).toEqual([
      ['canary', null, 'applied'],
      ['canary', 'web@9', 'applied'],
      ['stable', 'web@8', 'applied'],
    ]);
  });

  it('of what is promoted already changes nothing', async () => {
    const { status, body } = await promote('web@7');

    expect([status, body.version, (await history()).length]).toEqual([200, 1, 1]);
  });

  it('ends a canary that it makes stable, and leaves any other', async () => {
    await promote('web@8', { channel: 'canary' });
    await promote('web@9');
    const other = await images();
    await promote('web@8', { force: true, reason: 'it cannot wait' });

    expect([other, await images()]).toEqual([{ stable: 'web@9', canary: 'web@8' }, { stable: 'web@8' }]);
  });

  it.each([
    ['of an image that nobody pushed', 'web', { image: 'web@10' }, 404, 'NOT_FOUND'],
    ['in a group that is not there', 'none', { image: 'web@8' }, 404, 'NOT_FOUND'],
    ['of no image', 'web', { image: 'web' }, 422, 'USAGE'],
    ['in another channel', 'web', { image: 'web@8', channel: 'beta' }, 422, 'USAGE'],
  ])('%s is refused', async (_, group, body, status, code) => {
    const answer = await server.post(`groups/${group}/images:promote`, body);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await images()).toEqual({ stable: 'web@7' });
  });
});

describe('a rollback', () => {
  it('promotes what was stable before, and is told as one', async () => {
    await promote('web@8');

    const { body } = await rollBack();

    expect(body.group.images).toEqual({ stable: 'web@7' });
    expect((await history())[0]).toMatchObject({ image: 'web@7', previous: 'web@8', how: 'rolled-back' });
    const events = await readEvents(server.db, { afterId: 0, limit: 20 });
    expect(events.at(-1)).toMatchObject({ type: 'image.rolled-back', data: { image: 'web@7', reason: 'it leaks' } });
  });

  it('goes further back the second time, and never to what it left', async () => {
    for (const image of ['web@8', 'web@9']) await promote(image);

    const [first, second, third] = [await rollBack(), await rollBack(), await rollBack()];

    expect([first.body.group.images, second.body.group.images]).toEqual([{ stable: 'web@8' }, { stable: 'web@7' }]);
    expect([third.status, third.body.code]).toEqual([409, 'CONFLICT']);
    expect(third.body.detail).toContain('images promote');
  });

  it('knows that a document went back already', async () => {
    for (const image of ['web@8', 'web@9']) await promote(image);
    await server.post('apply', aGroup({ images: { stable: 'web@8' } }));

    expect((await rollBack()).body.group.images).toEqual({ stable: 'web@7' });
  });

  it('ends a canary of the image that it leaves', async () => {
    await promote('web@8');
    await promote('web@8', { channel: 'canary' });
    await server.post('apply', aGroup({ images: { stable: 'web@8', canary: 'web@8' } }));

    await rollBack();

    expect(await images()).toEqual({ stable: 'web@7' });
  });
});

describe('a canary', () => {
  it('that has not soaked becomes stable by force only, and with a reason', async () => {
    await promote('web@8', { channel: 'canary' });

    const plain = await promote('web@8');
    const forced = await promote('web@8', { force: true });

    expect([plain.status, plain.body.code, forced.status, forced.body.code]).toEqual([409, 'CONFLICT', 422, 'USAGE']);
    expect(plain.body.detail).toContain('--force');
    expect((await server.get('groups/web')).body.rollouts).toMatchObject([
      { image: 'web@7', soakedAt: expect.any(String), paused: null },
      { image: 'web@8', soakedAt: null, paused: null },
    ]);
  });

  it('is not passed over by taking away what is stable first, nor by a document', async () => {
    await server.post('apply', aGroup({ images: {} }));
    await server.post('apply', aGroup({ images: { stable: 'web@8' } }));
    await promote('web@9', { channel: 'canary' });
    const answer = await server.post('apply', aGroup({ images: { stable: 'web@9' } }));

    expect([answer.status, answer.body.code]).toEqual([409, 'CONFLICT']);
    const { rollouts, group } = (await server.get('groups/web')).body;
    expect(group.images).toEqual({ stable: 'web@8', canary: 'web@9' });
    expect(rollouts).toMatchObject([
      { image: 'web@8', soakedAt: null },
      { image: 'web@9', soakedAt: null },
    ]);
  });

  it('is refused where its group says how many in a way that nobody can mean', async () => {
    const { status, body } = await server.post('apply', { ...aGroup(), canary: { count: '101%' } });

    expect([status, body.errors[0].pointer]).toEqual([422, '/canary/count']);
  });
});

describe('a rollout', () => {
  const resume = (image: string) => server.post('groups/web/images:resume', { image, reason: 'seen' });

  it('is resumed by a person with a reason, once it has paused', async () => {
    await promote('web@8');
    const early = await resume('web@8');
    await pauseRollout(server.db, { group: 'web', image: 'web@8', cause: 'two of two drifted' }, 0);
    const paused = (await server.get('groups/web')).body.rollouts[0].paused;

    const { body } = await resume('web@8');

    expect([early.status, paused.cause, body.rollouts[0].paused]).toEqual([409, 'two of two drifted', null]);
    const events = await readEvents(server.db, { afterId: 0, limit: 20 });
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['rollout.paused', 'rollout.resumed']);
    expect(events.at(-1)?.data).toEqual({
      ...{ image: 'web@8', actor: 'admin', reason: 'seen', cause: 'two of two drifted' },
    });
  });
});
