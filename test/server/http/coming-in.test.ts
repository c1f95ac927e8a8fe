import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anImageDigest, aTime } from '../../support/builders.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer();
  await insertGroup(server.db);
  await insertImage(server.db);
});
afterEach(() => server.close());

const cloudImage = 'aws:eu-central-1:ami-0123456789abcdef0';
const eventsOf = async (type: string) =>
  (await server.db.selectFrom('event').selectAll().execute()).filter((event) => event.type === type);

describe('a token', () => {
  it('that is used more than once has a rate, and networks where somebody wants it', async () => {
    const wanted = { group: 'web', image: 'web@7', uses: 500, rate: '20/1m', cidrs: ['10.0.0.0/8', 'fd00::/8'] };

    const { status, body } = await server.post('tokens', wanted);

    const { uses: usesMax, rate, cidrs } = wanted;
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { usesMax, rate, cidrs, misused: 0, revokedAt: null },
    });
  });

  it('leaves an event that says by whom, for how many and until when, and not its secret', async () => {
    const { id, token, expiresAt } = (await server.post('tokens', { group: 'web', image: 'web@7' })).body;

    const [created] = await eventsOf('token.created');

    expect(JSON.parse(created?.data ?? '')).toMatchObject({ token: id, uses: 1, expiresAt, actor: 'admin' });
    expect(created?.data).not.toContain(token);
  });

  it('is revoked once, and says when', async () => {
    const { id } = (await server.post('tokens', { group: 'web', image: 'web@7' })).body;

    const first = await server.send(`/api/v1/tokens/${id}/revoke`, { method: 'POST' });
    const second = await server.send(`/api/v1/tokens/${id}/revoke`, { method: 'POST' });

    expect(first.body).toMatchObject({ id, revokedAt: expect.any(String) });
    expect(second.body).toEqual(first.body);
    expect(await eventsOf('token.revoked')).toMatchObject([{ group_name: 'web' }]);
  });

  it('that is not there cannot be revoked', async () => {
    const { status } = await server.send('/api/v1/tokens/x/revoke', { method: 'POST' });

    expect(status).toBe(404);
  });
});

describe('a link', () => {
  it('says which image a cloud means, until it is taken back', async () => {
    const { body: link } = await server.post('image-links', { image: 'web@7', cloudImage });
    const linked = (await server.get('image-links')).body.items;
    const unlink = { method: 'POST' };
    const gone = await server.send(`/api/v1/image-links/${encodeURIComponent(cloudImage)}/unlink`, unlink);
    const again = await server.send(`/api/v1/image-links/${encodeURIComponent(cloudImage)}/unlink`, unlink);

    expect(link).toMatchObject({ cloudImage, image: 'web@7', imageDigest: anImageDigest });
    expect([linked, gone.body, again.status]).toEqual([[link], link, 404]);
    expect((await server.get('image-links')).body.items).toEqual([]);
  });

  it('is of an image that was pushed', async () => {
    expect((await server.post('image-links', { image: 'web@99', cloudImage })).status).toBe(404);
  });
});

describe('claimants of a machine', () => {
  it('are seen before any scan, and are told apart by a person', async () => {
    const doubts = JSON.stringify([{ kind: 'claimed-twice', since: aTime }]);
    const contested = { provider_id: 'i-1', scan_id: null, doubts, verdict: 'unverifiable' as const };
    const id = await insertInstance(server.db, contested);
    const other = await insertInstance(server.db, contested);

    const before = await server.get(`instances/${id}`);
    const { status, body } = await server.post(`instances/${id}/accept`, { reason: 'the other is a copy' });

    expect(before.body).toMatchObject({ evidence: null, doubts: [{ kind: 'claimed-twice' }] });
    expect({ status, body }).toMatchObject({ status: 200, body: { id, lifecycle: 'active', doubts: [] } });
    expect((await server.get(`instances/${other}`)).body).toMatchObject({ lifecycle: 'retired' });
    expect(await eventsOf('instance.trusted')).toMatchObject([{ instance_id: id }]);
    const [retired] = await eventsOf('instance.retired');
    expect(JSON.parse(retired?.data ?? '')).toEqual({ reason: 'the other is a copy', actor: 'admin', accepted: id });
  });
});
