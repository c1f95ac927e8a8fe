import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAccessToken } from '../../../server/store/access-token-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { type Role, roles } from '../../../shared/role.ts';
import { aGroup } from '../../support/builders.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertInstance } from '../../support/rows.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer();
});
afterEach(() => server.close());

async function aTokenOf(name: string, role: Role, expiresInMs: number | null = null) {
  const wanted = { name, role, expiresInMs, actor: 'admin' };
  return server.db.transaction().execute((tx) => createAccessToken(tx, wanted, server.services.clock.now()));
}
const as = ({ token }: { readonly token: string }, path: string, body?: object) =>
  server.send(`/api/v1/${path}`, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });

interface Operation {
  readonly security?: unknown;
  readonly 'x-role'?: Role;
}

describe('roles', () => {
  it('is one that each route behind the token declares', async () => {
    const { body } = await server.get('openapi.json');
    const operations = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, name: `${method} ${path}` })),
    );
    const guarded = operations.filter((operation) => !('security' in operation));

    expect(guarded.length).toBeGreaterThan(50);
    expect(guarded.filter((operation) => !roles.includes(operation['x-role'] as Role))).toEqual([]);
    // Who changes anything is more than a viewer.
    const loose = guarded.filter(({ name, 'x-role': role }) => !name.startsWith('get ') && role === 'viewer');
    expect(loose.map(({ name }) => name)).toEqual(['post /api/v1/policies:simulate', 'post /api/v1/policies:lint']);
  });

  it.each([
    ['viewer', 'holds', undefined, 200],
    ['viewer', 'holds', { scope: 'all', reason: 'stop' }, 403],
    ['operator', 'holds', { scope: 'all', reason: 'stop' }, 200],
    ['viewer', 'approvals/x/refuse', { reason: 'seen' }, 403],
    ['operator', 'approvals/x/refuse', { reason: 'seen' }, 404],
    ['operator', 'approvals/x/approve', { instances: 1, reason: 'seen' }, 403],
    ['approver', 'approvals/x/approve', { instances: 1, reason: 'seen' }, 404],
    ['operator', 'instances/x/pardon', { reason: 'seen' }, 403],
    ['approver', 'instances/x/pardon', { reason: 'seen' }, 404],
    ['approver', 'access-tokens', { name: 'bob', role: 'admin' }, 403],
    ['admin', 'access-tokens', { name: 'bob', role: 'admin' }, 200],
  ] as const)('lets a %s do what is its own: %s %j is %i', async (role, path, body, status) => {
    const answer = await as(await aTokenOf('alice', role), path, body);

    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringContaining(role) });
  });

  it('asks for an admin where a policy is to be applied with less of an approval', async () => {
    await server.post('apply', aGroup());
    const policy = (approval?: object) => ({
      kind: 'Policy',
      name: 'web',
      select: { group: 'web' },
      mode: 'enforce',
      approval,
    });
    const alice = await aTokenOf('alice', 'operator');
    await as(alice, 'apply', policy({ count: 2 }));

    const answers = [
      await as(alice, 'apply', policy({ count: 1 })),
      await as(alice, 'apply', policy()),
      await as(alice, 'apply', { ...policy({ count: 2 }), mode: 'observe' }),
      await as(alice, 'apply', policy({ count: 3 })),
      await server.post('apply', policy()),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 200, 200]);
  });

  it('asks for an approver where less evidence is to be kept', async () => {
    await server.post('apply', aGroup({ labels: { env: 'prod' } }));
    const policy = (quarantine?: object, select: object = { labels: { env: 'prod' } }) => ({
      ...{ kind: 'Policy', name: 'keeps', mode: 'enforce', select },
      ...(quarantine && { quarantine }),
    });
    await server.post('apply', policy({ severity: 'high', keepFor: '48h' }));
    const alice = await aTokenOf('alice', 'operator');
    const apply = async (document: object) => (await as(alice, 'apply', document)).status;

    expect(await apply(policy())).toBe(403);
    expect(await apply(policy({ severity: 'high', keepFor: '1m' }))).toBe(403);
    expect(await apply(policy({ severity: 'critical', keepFor: '48h' }))).toBe(403);
    expect(await apply(policy({ severity: 'high', keepFor: '48h' }, { group: 'other' }))).toBe(403);
    expect(await apply({ ...policy({ severity: 'high', keepFor: '48h' }), mode: 'observe' })).toBe(403);
    expect(await apply(aGroup({ labels: {} }))).toBe(403);
    expect(await apply(policy({ severity: 'low', keepFor: '72h' }))).toBe(200);
    const bob = await aTokenOf('bob', 'approver');
    expect((await as(bob, 'apply', policy({ severity: 'critical' }))).status).toBe(200);
    expect((await as(bob, 'apply', aGroup({ labels: {} }))).status).toBe(200);
  });

  it('lets nobody but an admin say which program the server runs as a provider', async () => {
    await server.post('apply', aGroup());
    const program = { type: 'command' as const, command: ['/bin/sh', '-c', 'id'], env: {}, timeout: '60s' };

    for (const role of ['operator', 'approver'] as const) {
      const alice = await aTokenOf(role, role);
      const answers = [
        await as(alice, 'apply', aGroup({ provider: program })),
        await as(alice, 'apply', aGroup({ name: 'own', provider: program })),
        await as(alice, 'apply', aGroup({ labels: { by: role } })),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 200]);
      expect(answers[0]?.body).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringMatching(/for an admin/) });
    }

    expect((await server.post('apply', aGroup({ provider: program }))).status).toBe(200);
  });

  it('lets nobody but an admin take a group from a policy that asks for an approval', async () => {
    const labels = { env: 'prod', team: 'a' };
    await server.post('apply', aGroup({ labels }));
    const policy = { kind: 'Policy', name: 'asks', mode: 'enforce', approval: {}, select: { labels: { env: 'prod' } } };
    await server.post('apply', policy);
    const alice = await aTokenOf('alice', 'operator');

    const answers = [
      await as(alice, 'apply', aGroup({ labels: { ...labels, env: 'test' } })),
      await as(alice, 'apply', aGroup({ labels: { team: 'a' } })),
      await as(alice, 'apply', aGroup({ labels: { ...labels, team: 'b' } })),
      await server.post('apply', aGroup({ labels: { team: 'a' } })),
      // What instances enrolled with may still select them.
      await as(alice, 'apply', aGroup({ labels: { team: 'a', env: 'test' } })),
      await as(alice, 'apply', aGroup({ labels: { team: 'a', env: 'prod' } })),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 200, 403, 200]);
  });
});

describe('an exemption', () => {
  const exemption = (overrides: object = {}) => ({
    ...{ kind: 'Exemption', name: 'old-motd', group: 'web', reason: 'known' },
    drift: { fingerprint: 'a'.repeat(64) },
    until: timestamp(server.services.clock.now() + 3_600_000),
    ...overrides,
  });
  beforeEach(() => insertGroup(server.db));

  it.each([
    ['viewer', 403, /needs the role operator/],
    ['operator', 403, /needs the role approver: ask one to apply exemption old-motd; .* hold the group/],
    ['approver', 200, undefined],
    ['admin', 200, undefined],
  ] as const)('is declared, or not, by a %s', async (role, status, why) => {
    const answer = await as(await aTokenOf('alice', role), 'apply', exemption());

    expect(answer.status).toBe(status);
    if (why !== undefined) expect(answer.body).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringMatching(why) });
    const declared = await server.db
      .selectFrom('audit')
      .select('actor')
      .where('what', '=', 'exemption.declared')
      .execute();
    expect(declared).toEqual(status === 200 ? [{ actor: 'alice' }] : []);
    expect((await server.get('exemptions')).body.items).toHaveLength(status === 200 ? 1 : 0);
  });

  it('may be among what an operator applies, as long as it changes nothing', async () => {
    await server.post('apply', exemption());
    const bob = await aTokenOf('bob', 'operator');

    const answers = [
      await as(bob, 'apply', exemption()),
      await as(bob, 'apply', exemption({ reason: 'other' })),
      await as(bob, 'exemptions/old-motd/end', { reason: 'mended' }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200]);
  });
});

describe('an access token', () => {
  it('is shown once, stored as a hash, and says when it was last used', async () => {
    const { body } = await server.post('access-tokens', { name: 'alice', role: 'viewer' });
    await as(body, 'groups');

    const listed = await server.get('access-tokens');

    expect(body.token).toMatch(/^pat_\S{43}$/);
    expect(JSON.stringify(listed.body)).not.toContain(body.token);
    expect(listed.body.items).toMatchObject([
      { name: 'alice', role: 'viewer', createdBy: 'admin', lastUsedAt: expect.any(String) },
    ]);
    expect(JSON.stringify(await server.db.selectFrom('access_token').selectAll().execute())).not.toContain(body.token);
  });

  it('says whom it speaks for', async () => {
    const answers = [
      await as(await aTokenOf('alice', 'viewer'), 'access-tokens/self'),
      await server.get('access-tokens/self'),
    ];

    expect(answers.map(({ body }) => body)).toEqual([
      { name: 'alice', role: 'viewer' },
      { name: 'admin', role: 'admin' },
    ]);
  });

  it('is no good once it is revoked or over', async () => {
    const revoked = await aTokenOf('alice', 'admin');
    const over = await aTokenOf('bob', 'admin', 60_000);
    await server.post(`access-tokens/${revoked.id}/revoke`, {});
    (server.services.clock as FakeClock).advance(60_000);

    const answers = [await as(revoked, 'groups'), await as(over, 'groups')];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'UNAUTHENTICATED'],
      [401, 'UNAUTHENTICATED'],
    ]);
  });

  it.each([
    [{ name: 'admin', role: 'viewer' }, 422],
    [{ name: 'server', role: 'viewer' }, 422],
    [{ name: 'alice', role: 'root' }, 422],
    [{ name: 'alice', role: 'viewer', expiresIn: '9999d' }, 422],
    [{ name: 'taken', role: 'viewer' }, 409],
  ])('is not made of %j', async (wanted, status) => {
    await aTokenOf('taken', 'viewer');

    expect((await server.post('access-tokens', wanted)).status).toBe(status);
  });

  it('is who did it, in every event of a decision', async () => {
    await insertGroup(server.db);
    const id = await insertInstance(server.db, { taint_severity: 'high', taint_at: '2026-01-01T00:00:00.000Z' });
    await server.db.updateTable('instance_group').set({ breaker_cause: 'much', breaker_at: 'now' }).execute();
    const alice = await aTokenOf('alice', 'admin');

    await as(alice, `instances/${id}/pardon`, { reason: 'seen' });
    await as(alice, 'groups/web/breaker:reset', { reason: 'seen' });
    await as(alice, 'apply', aGroup({ labels: { env: 'prod' } }));
    await as(alice, 'holds', { scope: 'group', target: 'web', for: '1h', reason: 'seen' });

    const events = await server.db.selectFrom('event').select(['type', 'data']).orderBy('id').execute();
    const done = events.slice(-4).map(({ type, data }) => [type, JSON.parse(data).actor]);
    expect(done).toEqual([
      ['instance.pardoned', 'alice'],
      ['breaker.reset', 'alice'],
      ['group.changed', 'alice'],
      ['hold.placed', 'alice'],
    ]);
  });
});

describe('a hold', () => {
  beforeEach(() => insertGroup(server.db));

  it.each([
    [{ scope: 'group', target: 'web', reason: 'x' }, 422],
    [{ scope: 'group', target: 'web', reason: 'x', for: '91d' }, 422],
    [{ scope: 'group', target: 'web', reason: ' ', for: '1h' }, 422],
    [{ scope: 'group', reason: 'x', for: '1h' }, 422],
    [{ scope: 'all', target: 'web', reason: 'x' }, 422],
    [{ scope: 'group', target: 'other', reason: 'x', for: '1h' }, 404],
    [{ scope: 'instance', target: 'other', reason: 'x', for: '1h' }, 404],
  ])('is not made of %j', async (wanted, status) => {
    expect((await server.post('holds', wanted)).status).toBe(status);
  });

  it('can be placed on a group, however many instances are held', async () => {
    const at = timestamp(server.services.clock.now());
    const hold = { scope: 'instance', reason: 'x', author: 'mallory', created_at: at, expires_at: null };
    const rows = Array.from({ length: 10_000 }, (_, n) => ({ ...hold, id: `h${n}`, target: `i${n}` }));
    for (let n = 0; n < rows.length; n += 1_000)
      await server.db
        .insertInto('hold')
        .values(rows.slice(n, n + 1_000).map((row) => ({ ...row, lifted_at: null, lifted_by: null })))
        .execute();
    const target = await insertInstance(server.db);

    const answers = [
      await server.post('holds', { scope: 'instance', target, reason: 'x', for: '1h' }),
      await server.post('holds', { scope: 'group', target: 'web', reason: 'x', for: '1h' }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([409, 200]);
    expect(answers[0]?.body.detail).toContain('hold the group instead');
  });

  it('is seen with its group, and listed until it is lifted', async () => {
    const id = await insertInstance(server.db);
    const { body: hold } = await server.post('holds', {
      scope: 'instance',
      target: id,
      for: '2h',
      reason: 'I look at it',
    });

    const group = await server.get('groups/web');
    const lifted = await server.post(`holds/${hold.id}/lift`, {});
    const lists = [await server.get('holds'), await server.get('holds?all=true')];

    expect(group.body.holds).toMatchObject([{ id: hold.id, group: 'web', author: 'admin', reason: 'I look at it' }]);
    expect(lifted.body).toMatchObject({ inForce: false, liftedBy: 'admin' });
    expect(lists.map(({ body }) => body.items.length)).toEqual([0, 1]);
  });
});

describe('versions', () => {
  it('are all kept, with who declared them and when', async () => {
    const alice = await aTokenOf('alice', 'operator');
    await server.post('apply', aGroup());
    await as(alice, 'apply', aGroup({ labels: { env: 'prod' } }));
    await as(alice, 'apply', aGroup({ labels: { env: 'prod' } }));

    const { body } = await server.get('groups/web/versions');

    expect(body.items).toMatchObject([
      { version: 2, actor: 'alice', document: { labels: { env: 'prod' } } },
      { version: 1, actor: 'admin', document: { labels: {} } },
    ]);
  });
});

describe('the audit', () => {
  it('is read from its end too, page by page', async () => {
    for (const reason of ['one', 'two', 'three']) await server.post('holds', { scope: 'all', reason });

    const first = await server.get('audit?newest=true&limit=2');
    const second = await server.get(`audit?newest=true&limit=2&cursor=${first.body.nextCursor}`);

    const numbers = [...first.body.items, ...second.body.items].map(({ n }: { n: number }) => n);
    expect(numbers).toEqual([3, 2, 1]);
    expect(second.body.nextCursor).toBeNull();
  });
});
