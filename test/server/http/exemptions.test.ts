import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timestamp } from '../../../shared/clock.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertFinding, insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

const day = 86_400_000;
let server: HttpServer;
let id: string;
let fingerprint: string;
beforeEach(async () => {
  server = await anHttpServer();
  await insertGroup(server.db);
  await insertImage(server.db);
  const since = timestamp(server.services.clock.now());
  id = await insertInstance(server.db, { verdict: 'drifted', taint_severity: 'high', taint_at: since });
  fingerprint = await insertFinding(server.db, id);
});
afterEach(() => server.close());

const until = (days = 1) => timestamp(server.services.clock.now() + days * day);
const exemption = (overrides: object = {}) => ({
  ...{ kind: 'Exemption', name: 'old-sshd', drift: { fingerprint }, group: 'web', reason: 'known', until: until() },
  ...overrides,
});

describe('exemptions over HTTP', () => {
  it('are declared, shown everywhere, and ended', async () => {
    expect((await server.post('apply', exemption())).body).toEqual({
      ...{ kind: 'Exemption', name: 'old-sshd', version: 1, result: 'created', warnings: [] },
    });

    expect((await server.get(`instances/${id}`)).body).toMatchObject({
      ...{ content: 'in_sync', taint: null, openFindings: 1, exempted: { findings: 1, until: until() } },
    });
    expect((await server.get(`instances/${id}/findings`)).body.items).toMatchObject([
      { exempted: { exemption: 'old-sshd', until: until() } },
    ]);
    expect((await server.get('drifts')).body.items).toMatchObject([
      { openInstances: 1, exemptInstances: 1, exemptUntil: until() },
    ]);
    expect((await server.get('groups/web')).body).toMatchObject({ content: { in_sync: 1, drifted: 0 }, tainted: 0 });
    expect((await server.get('instances?content=drifted')).body.items).toEqual([]);
    expect((await server.get('exemptions')).body.items).toMatchObject([
      { state: 'in_force', author: 'admin', version: 1, instances: 1, exemption: { name: 'old-sshd' } },
    ]);

    const ended = await server.post('exemptions/old-sshd/end', { reason: 'mended' });

    expect(ended.body).toMatchObject({ state: 'ended', instances: 0, ended: { by: 'admin', reason: 'mended' } });
    expect((await server.get(`instances/${id}`)).body).toMatchObject({
      ...{ content: 'drifted', taint: { severity: 'high' }, exempted: null },
    });
    expect((await server.get('exemptions')).body.items).toEqual([]);
    expect((await server.get('exemptions?all=true')).body.items).toHaveLength(1);
    expect((await server.post('exemptions/old-sshd/end', { reason: 'again' })).status).toBe(409);
  });

  it('are over for whoever reads, before anything has run', async () => {
    await server.post('apply', exemption());

    (server.services.clock as unknown as { advance(ms: number): void }).advance(day);

    expect((await server.get(`instances/${id}`)).body.content).toBe('drifted');
    expect((await server.get('groups/web')).body.content).toMatchObject({ in_sync: 0, drifted: 1, unverifiable: 0 });
    expect((await server.get('instances?content=drifted')).body.items).toHaveLength(1);
    expect((await server.get('exemptions/old-sshd')).body.state).toBe('expired');
  });

  it.each<[string, () => object, number]>([
    ['longer than 90 days', () => ({ until: until(91) }), 422],
    ['for the whole fleet', () => ({ group: undefined }), 422],
    ['by a bare path', () => ({ drift: { file: '/usr/bin/sudo', change: 'modified' } }), 422],
    ['with a field that is not built', () => ({ severity: 'low' }), 422],
    ['of a group that is not there', () => ({ group: 'nobody' }), 404],
  ])('are refused %s', async (_, overrides, status) => {
    const answer = await server.post('apply', exemption(overrides()));

    expect(answer.status).toBe(status);
    expect((await server.get('exemptions?all=true')).body.items).toEqual([]);
  });

  it('are not found by another name', async () => {
    expect((await server.get('exemptions/none')).status).toBe(404);
    expect((await server.post('exemptions/none/end', { reason: 'x' })).status).toBe(404);
  });
});
