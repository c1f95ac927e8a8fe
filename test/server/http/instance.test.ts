import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceFinding } from '../../../shared/api.ts';
import { digestOf } from '../../../shared/digest.ts';
import { silentAfterMs } from '../../../shared/protocol.ts';
import { aCoverage, anActor, anImageDigest, aTime } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertFinding, insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

const hour = 3_600_000;
let server: HttpServer;
const clock = createFakeClock(Date.parse(aTime));
const heard = new Map<string, number>();
const asked: string[] = [];

beforeEach(async () => {
  heard.clear();
  const gateway = {
    heardAt: (id: string) => heard.get(id),
    awakeAt: () => 0,
    isOnline: () => false,
    requestKey: () => false,
    requestScan: (id: string) => asked.push(id) > 0,
  };
  server = await anHttpServer({ clock, gateway });
});
afterEach(() => server.close());

describe('an instance', () => {
  it('has its four states, its image and its evidence', async () => {
    await insertGroup(server.db);
    await insertImage(server.db);
    const id = await insertInstance(server.db, {
      labels: '{"env":"prod"}',
      scan_finished_at: new Date(clock.now()).toISOString(),
    });
    heard.set(id, clock.now());

    const { status, body } = await server.get(`instances/${id}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      group: 'web',
      image: { name: 'web', version: '7', digest: anImageDigest },
      labels: { env: 'prod' },
      content: 'in_sync',
      liveness: 'online',
      currency: 'current',
      lifecycle: 'active',
      needsAttention: false,
      taint: null,
      openFindings: 0,
      evidence: { imageDigest: anImageDigest, coverage: aCoverage() },
    });
    expect(Date.parse(body.evidence.expiresAt) - clock.now()).toBe(3 * hour);
  });

  it('has findings with who changed them and how often, where that was told', async () => {
    const id = await insertInstance(server.db);
    const actors = [anActor(), anActor({ program: null, command: null, uid: null, unit: null, parents: [] })];
    await insertFinding(server.db, id, { name: '/a', actors, changes: 7 });
    await insertFinding(server.db, id, { name: '/b' });

    const { status, body } = await server.get(`instances/${id}/findings`);

    expect(status).toBe(200);
    expect(body.items.map(({ name, ...item }: InstanceFinding) => [name, item.actors, item.changes])).toEqual([
      ['/a', actors, 7],
      ['/b', undefined, undefined],
    ]);
  });

  it('is unverifiable once its evidence has expired, whatever is stored', async () => {
    const finished = new Date(clock.now()).toISOString();
    const id = await insertInstance(server.db, { verdict: 'in_sync', scan_finished_at: finished });
    const contents = async () => {
      const lists = await Promise.all(
        ['in_sync', 'drifted', 'unverifiable'].map((content) => server.get(`instances?content=${content}`)),
      );
      return [(await server.get(`instances/${id}`)).body.content, ...lists.map(({ body }) => body.items.length)];
    };

    const fresh = await contents();
    clock.advance(3 * hour);
    const expired = await contents();

    expect(fresh).toEqual(['in_sync', 1, 0, 0]);
    expect(expired).toEqual(['unverifiable', 0, 0, 1]);
  });

  it('never scanned has no evidence, and a verdict that says so', async () => {
    const id = await insertInstance(server.db, {
      ...{ verdict: 'unverifiable', scan_id: null, scan_started_at: null, scan_finished_at: null, coverage: null },
    });

    const { body } = await server.get(`instances/${id}`);

    expect([body.content, body.evidence, body.needsAttention]).toEqual(['unverifiable', null, true]);
  });

  it('is silent when nothing was heard of it for long enough', async () => {
    const id = await insertInstance(server.db, { last_seen_at: aTime });
    heard.set(id, clock.now());
    clock.advance(silentAfterMs);
    const atTheLimit = (await server.get(`instances/${id}`)).body.liveness;
    clock.advance(1);

    expect([atTheLimit, (await server.get(`instances/${id}`)).body.liveness]).toEqual(['online', 'silent']);
  });

  it('of an image that nobody pushed is unknown, and of one not promoted is outdated', async () => {
    await insertGroup(server.db, { images: { stable: 'web@8' } });
    await insertImage(server.db);
    const outdated = await insertInstance(server.db);
    const unknown = await insertInstance(server.db, { image_digest: digestOf('never pushed') });

    const answers = [await server.get(`instances/${outdated}`), await server.get(`instances/${unknown}`)];

    expect(answers.map(({ body }) => [body.currency, body.image?.version ?? null])).toEqual([
      ['outdated', '7'],
      ['unknown', null],
    ]);
  });

  it('is asked for a sweep over its connection', async () => {
    const id = await insertInstance(server.db);

    const answer = await server.send(`/api/v1/instances/${id}/scan`, { method: 'POST' });

    expect([answer.status, answer.body, asked.at(-1)]).toEqual([200, { instanceId: id, asked: true }, id]);
    const { items } = (await server.get('audit')).body;
    expect(items).toContainEqual(expect.objectContaining({ what: 'instance.asked', actor: 'admin', instanceId: id }));
  });

  it('is pardoned for a reason', async () => {
    const id = await insertInstance(server.db, { taint_severity: 'high', taint_at: aTime });

    const { status, body } = await server.post(`instances/${id}/pardon`, { reason: 'planned' });

    expect([status, body.taint]).toEqual([200, null]);
  });
});
