import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLook, findLook, nothingSeen, requestLook } from '../../../server/store/look-store.ts';
import { anImageDigest, aTime } from '../../support/builders.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

describe('outside looks', () => {
  let server: HttpServer;
  let instanceId: string;
  beforeEach(async () => {
    server = await anHttpServer({
      look: async (id, actor) => {
        const request = { instanceId: id, group: 'web', why: 'requested' as const, actor };
        return (await requestLook(server.db, request, server.services.clock.now())).id;
      },
    });
    await insertGroup(server.db);
    instanceId = await insertInstance(server.db);
  });
  afterEach(() => server.close());
  const ask = () => server.send(`/api/v1/instances/${instanceId}/looks`, { method: 'POST' });

  it('are accepted, with the record to follow', async () => {
    const { status, headers, body } = await ask();

    expect(status).toBe(202);
    expect(body).toMatchObject({ instanceId, group: 'web', why: 'requested', state: 'waiting', outcome: null });
    expect(headers.get('location')).toBe(`/api/v1/looks/${body.id}`);
    expect((await server.get(`looks/${body.id}`)).body).toEqual(body);
  });

  it('are listed newest first, of one instance or of a group', async () => {
    const first = (await ask()).body.id;
    const end = { outcome: 'failed' as const, detail: 'no disk', result: nothingSeen };
    await endLook(server.db, (await findLook(server.db, first))!, end, aTime);
    const second = (await ask()).body.id;
    const other = await insertInstance(server.db);
    await requestLook(server.db, { instanceId: other, group: 'web', why: 'scheduled' }, Date.parse(aTime));

    const ids = async (path: string) => (await server.get(path)).body.items.map(({ id }: { id: string }) => id);

    expect(await ids(`looks?instance=${instanceId}`)).toEqual([second, first].sort().reverse());
    expect(await ids('looks?group=web')).toHaveLength(3);
    expect(await ids('looks?group=nobody')).toEqual([]);
    expect((await server.get('looks/none')).status).toBe(404);
    expect((await server.get('looks?limit=1')).body.nextCursor).not.toBeNull();
  });

  it('tell that they were asked for and have ended', async () => {
    const { id } = (await ask()).body;
    const end = { outcome: 'failed' as const, detail: 'no disk', result: nothingSeen };
    await endLook(server.db, (await findLook(server.db, id))!, end, aTime);

    const events = await server.db.selectFrom('event').select(['type', 'data']).orderBy('id').execute();

    expect(JSON.parse(events.at(-2)?.data ?? '')).toMatchObject({ actor: 'admin' });
    expect(events.slice(-2).map(({ type, data }) => [type, JSON.parse(data).lookId])).toEqual([
      ['look.requested', id],
      ['look.ended', id],
    ]);
  });

  it('are kept a hundred of an instance', async () => {
    const end = { outcome: 'failed' as const, detail: 'no disk', result: nothingSeen };
    for (let n = 0; n < 103; n += 1) {
      const look = await requestLook(server.db, { instanceId, group: 'web', why: 'requested' }, Date.parse(aTime) + n);
      await endLook(server.db, look, end, aTime);
    }

    const rows = await server.db.selectFrom('outside_look').select('id').execute();

    expect(rows).toHaveLength(100);
  });
});

describe('pushing entries', () => {
  it('takes a body of zstd and nothing else, for an image that is there', async () => {
    const server = await anHttpServer();
    await insertImage(server.db);
    const put = (path: string, type: string) =>
      server.send(path, {
        method: 'PUT',
        body: Readable.toWeb(Readable.from([zstdCompressSync(Buffer.from('x'))])) as ReadableStream,
        headers: { 'content-type': type },
        duplex: 'half',
      } as RequestInit);

    expect((await put(`/api/v1/images/sha256:none/entries`, 'application/zstd')).status).toBe(404);
    expect((await put(`/api/v1/images/${anImageDigest}/entries`, 'text/css')).status).toBe(415);
    await server.close();
  });
});
