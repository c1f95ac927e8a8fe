import { Agent, type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { untakenMsMax } from '../../../server/http/event-stream.ts';
import { appendEvent, pruneEvents } from '../../../server/store/event-store.ts';
import { aTime } from '../../support/builders.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { anHttpServer, aToken, type HttpServer } from '../../support/http-server.ts';

let server: HttpServer;
let open: ClientRequest[];

beforeEach(async () => {
  open = [];
  server = await anHttpServer();
});
afterEach(async () => {
  for (const request of open) request.destroy();
  await server.close();
});

/** No text that is waited for is longer. */
const wantedMax = 32;

/** A reader of the stream that can wait for a text in it. */
async function follow(query = '', headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve) => {
    const all = { authorization: `Bearer ${aToken}`, ...headers };
    open.push(httpGet(`${server.url}/api/v1/events${query}`, { headers: all, agent: new Agent() }, resolve));
  });
  const chunks: string[] = [];
  let waiting = { wanted: '', resolve: () => {} };
  let end = '';
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  response.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk);
    // Only in what is new: of many megabytes, looking through all of them at each chunk would be most of the test.
    const fresh = end + chunk;
    if (fresh.includes(waiting.wanted)) waiting.resolve();
    end = fresh.slice(-wantedMax);
  });
  return {
    response,
    ended,
    async until(wanted: string): Promise<string> {
      if (!chunks.join('').includes(wanted)) {
        await new Promise<void>((resolve) => {
          waiting = { wanted, resolve };
        });
      }
      return chunks.join('');
    },
    ids: () => [...chunks.join('').matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])),
  };
}

async function happen(count: number, data: Record<string, unknown> = {}): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await appendEvent(server.db, { at: aTime, type: 'group.changed', groupName: 'web', data });
  }
  server.services.feed.wake();
}

describe('events', () => {
  it('begin now, and are told as they happen', async () => {
    await happen(2);
    const reader = await follow();
    await reader.until(': caught up');

    await happen(1, { name: 'a\nb\r\n\ndata: x' });
    const text = await reader.until('id: 3');

    expect(reader.response.headers['content-type']).toContain('text/event-stream');
    expect(reader.response.headers['x-content-type-options']).toBe('nosniff');
    expect(reader.ids()).toEqual([3]);
    const event = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '');
    expect(event).toEqual({
      ...{ id: 3, at: aTime, type: 'group.changed', group: 'web', instanceId: null, replacementId: null },
      data: { name: 'a\nb\r\n\ndata: x' },
    });
  });

  it.each([
    ['Last-Event-ID', '', { 'last-event-id': '2' }],
    ['after', '?after=2', {}],
    ['both, where the header is newer', '?after=0', { 'last-event-id': '2' }],
  ])('go on after %s', async (_how, query, headers) => {
    await happen(4);

    const reader = await follow(query, headers);
    await reader.until(': caught up');

    expect(reader.ids()).toEqual([3, 4]);
  });

  it('come in order and once, however many happen while they are being sent', async () => {
    await happen(450);
    const reader = await follow('?after=0');

    await happen(250);
    await reader.until('id: 700\n');

    expect(reader.ids()).toEqual(Array.from({ length: 700 }, (_, index) => index + 1));
  });

  it('say reset to a reader from further behind than is sent again', async () => {
    await server.db.transaction().execute(async (tx) => {
      for (let n = 0; n < 5_003; n += 1) await appendEvent(tx, { at: aTime, type: 'group.changed', data: {} });
    });

    const reader = await follow('?after=1');
    const text = await reader.until(': caught up');

    expect(text).toContain('event: reset\ndata: {"from":3}');
    expect(reader.ids().slice(0, 2)).toEqual([4, 5]);
  });

  it('say reset to a reader whose place is gone, or of another database', async () => {
    await happen(5);
    await pruneEvents(server.db, 1);

    const ahead = await follow('?after=999');
    const text = await ahead.until(': caught up');
    await happen(1);
    await ahead.until('id: 6');

    expect(text).toContain('event: reset');
    expect(ahead.ids()).toEqual([6]);
  });

  it('keep a quiet stream open with comments', async () => {
    const reader = await follow();

    expect(await reader.until(': still here')).toContain(': still here\n\n');
  });

  it('end when the server stops, instead of holding it', async () => {
    const reader = await follow();
    await reader.until(': caught up');

    await server.http.close();
    await reader.ended;

    expect(reader.response.complete).toBe(true);
  });

  it('close a reader that does not read, and keep the others', async () => {
    const slow = await follow();
    await slow.until(': caught up');
    slow.response.pause();
    const quick = await follow();
    await quick.until(': caught up');

    // More than the kernel's buffers and ours hold together.
    for (let round = 0; round < 12; round += 1) await happen(20, { text: 'x'.repeat(60_000) });
    await quick.until('id: 240');

    const connections = () => new Promise<number>((resolve) => server.http.server.getConnections((_, n) => resolve(n)));
    // The slow one is sent its events by itself: its patience may begin only after the quick one has them all.
    while ((await connections()) > 1) {
      (server.services.clock as FakeClock).advance(untakenMsMax);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await connections()).toBe(1);
  });

  it('refuse a place that is none', async () => {
    for (const id of ['x', '-1', '1.5', '', '0x1', '9'.repeat(30)]) {
      const answer = await server.send('/api/v1/events', { headers: { 'last-event-id': id } });
      expect([id, answer.status]).toEqual([id, 400]);
    }
  });
});
