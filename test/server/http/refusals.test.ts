import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertInstance } from '../../support/rows.ts';

let server: HttpServer;
let instance: string;

beforeAll(async () => {
  server = await anHttpServer();
  await insertGroup(server.db);
  instance = await insertInstance(server.db);
});
afterAll(() => server.close());

const routes: readonly (readonly [method: string, path: string])[] = [
  ['GET', 'keys'],
  ['POST', 'keys'],
  ['GET', 'images'],
  ['POST', 'images'],
  ['GET', 'images/sha256:00'],
  ['GET', 'tokens'],
  ['POST', 'tokens'],
  ['POST', 'tokens/x/revoke'],
  ['GET', 'image-links'],
  ['POST', 'image-links'],
  ['POST', 'image-links/aws:eu-central-1:ami-01234567/unlink'],
  ['POST', 'apply'],
  ['GET', 'groups'],
  ['GET', 'groups/web'],
  ['GET', 'groups/web/plan'],
  ['POST', 'groups/web/launch'],
  ['POST', 'groups/web/breaker:reset'],
  ['GET', 'groups/web/promotions'],
  ['POST', 'groups/web/images:promote'],
  ['POST', 'groups/web/images:rollback'],
  ['POST', 'groups/web/images:resume'],
  ['GET', 'policies'],
  ['GET', 'policies/web'],
  ['GET', 'instances'],
  ['GET', 'instances/x'],
  ['GET', 'instances/x/findings'],
  ['POST', 'instances/x/pardon'],
  ['POST', 'instances/x/accept'],
  ['POST', 'instances/x/scan'],
  ['POST', 'instances/x/rotate-key'],
  ['POST', 'instances/x/trust'],
  ['POST', 'instances/x/revoke-key'],
  ['POST', 'instances/x/retire'],
  ['GET', 'drifts'],
  ['GET', 'drifts/x'],
  ['GET', 'replacements'],
  ['GET', 'replacements/x'],
  ['GET', 'replacements/x/proof'],
  ['GET', 'proof-revocations'],
  ['GET', 'proof-key'],
  ['GET', 'events'],
  ['GET', 'nothing-here'],
];

describe('a request without the token', () => {
  it.each(routes)('%s %s is answered 401, whatever else is wrong with it', async (method, path) => {
    const { status, body, headers } = await server.send(`/api/v1/${path}?unknown=1`, {
      method,
      headers: { authorization: '' },
    });

    expect({ status, code: body.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it.each([
    'Bearer wrong',
    'Bearer ',
    'Bearer pat_of-the-tests-0123456789x',
    'Bearer pat_of-the-tests-012345678',
    'Basic cGF0',
    'pat_of-the-tests-0123456789',
  ])('%s does not pass', async (authorization) => {
    expect((await server.send('/api/v1/groups', { headers: { authorization } })).status).toBe(401);
  });
});

describe('an address', () => {
  it.each(routes.filter(([method]) => method === 'GET').map(([, path]) => path))(
    'GET %s refuses a parameter it does not know',
    async (path) => {
      if (path === 'nothing-here') return;
      const { status, body } = await server.get(`${path}?limitt=5`);

      expect({ status, code: body.code }).toEqual({ status: 400, code: 'USAGE' });
      expect(body.errors).toEqual([{ pointer: '/limitt', detail: expect.stringContaining('limitt') }]);
    },
  );

  it.each([
    'groups/unknown',
    'groups/..%2f..%2fetc%2fpasswd',
    'groups/%00',
    'groups/unknown/plan',
    'images/sha256:0000',
    'images/..%2f',
    'instances/unknown',
    "instances/1'%20or%20'1'='1",
    'instances/unknown/findings',
    'drifts/unknown',
    'policies/unknown',
    'replacements/unknown',
    'replacements/unknown/proof',
    'nothing-here',
    '../../../etc/passwd',
  ])('GET %s finds nothing, and says so in the one shape', async (path) => {
    const { status, body, headers } = await server.get(path);

    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      type: 'urn:x-pristine:problem:not-found',
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
      code: 'NOT_FOUND',
    });
  });

  it('that is longer than any name finds nothing, and one with a bad escape is not understood', async () => {
    const long = await server.get(`instances/${'x'.repeat(500)}`);
    const bad = await server.get('instances/%');

    expect([long, bad].map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'NOT_FOUND'],
      [400, 'USAGE'],
    ]);
  });

  it.each([
    'groups?limit=0',
    'groups?limit=501',
    'groups?limit=many',
    'groups?limit=1&limit=2',
    'instances?content=clean',
    'instances?lifecycle=dead',
    'instances?all=yes',
    'drifts?open=1',
    'events?after=-1',
  ])('GET %s is a parameter out of range: 400', async (path) => {
    const { status, body } = await server.get(path);

    expect({ status, code: body.code }).toEqual({ status: 400, code: 'USAGE' });
  });

  it.each(['groups', 'keys', 'images', 'tokens', 'policies', 'instances', 'drifts', 'replacements'])(
    'GET %s refuses a cursor of another list',
    async (path) => {
      for (const key of ['nonsense', '{}', '["a","b","c","d","e"]', '[1]', '']) {
        const cursor = Buffer.from(key).toString('base64url');
        if (cursor !== '') expect((await server.get(`${path}?cursor=${cursor}`)).body.code).toBe('USAGE');
      }
    },
  );
});

const someReason = { reason: 'seen and known' };
const aLaunch = { count: 1, key: 'first' };
const bodies: readonly (readonly [path: string, body: unknown, pointer: string])[] = [
  ['keys', {}, '/name'],
  ['keys', { name: 'x', pem: 'x', more: 1 }, '/more'],
  ['keys', { name: '', pem: 'x' }, '/name'],
  ['keys', { name: 'x', pem: 'x'.repeat(9_000) }, '/pem'],
  ['keys', [], ''],
  ['images', { manifest: {}, rules: {} }, '/manifest/payload'],
  ['images', { manifest: null, rules: null }, '/manifest'],
  ['tokens', { group: 'web' }, '/image'],
  ['tokens', { group: 'web', image: 'web@7', uses: 0 }, '/uses'],
  ['tokens', { group: 'web', image: 'web@7', uses: 1.5 }, '/uses'],
  ['tokens', { group: 'web', image: 'web@7', expiresIn: 'soon' }, '/expiresIn'],
  ['tokens', { group: 'web', image: 'web@7', expiresIn: '0' }, '/expiresIn'],
  ['tokens', { group: 'web', image: 'web@7', expiresIn: '9999d' }, '/expiresIn'],
  ['tokens', { group: 'web', image: 'web@7', labels: { a: 1 } }, '/labels/a'],
  ['tokens', { group: 'web', image: 'web@7', labels: { 'self.a': 'b' } }, '/labels/self.a'],
  ['tokens', { group: 'web', image: 'web@7', uses: 2 }, '/rate'],
  ['tokens', { group: 'web', image: 'web@7', uses: 2, rate: 'fast' }, '/rate'],
  ['tokens', { group: 'web', image: 'web@7', uses: 2, rate: '0/1m' }, '/rate'],
  ['tokens', { group: 'web', image: 'web@7', uses: 2, rate: '1/0' }, '/rate'],
  ['tokens', { group: 'web', image: 'web@7', cidrs: ['10.0.0.1'] }, '/cidrs/0'],
  ['image-links', { image: 'web', cloudImage: 'aws:eu-central-1:ami-01234567' }, '/image'],
  ['image-links', { image: 'web@7', cloudImage: 'ami-01234567' }, '/cloudImage'],
  ['image-links', { image: 'web@7', cloudImage: 'aws:eu-central-1:ami-01234567:x' }, '/cloudImage'],
  ['image-links', { image: 'web@7', cloudImage: 'gcp:eu-central-1:ami-01234567' }, '/cloudImage'],
  ['instances/x/accept', { reason: '' }, '/reason'],
  ['groups/web/launch', { ...aLaunch, count: 0 }, '/count'],
  ['groups/web/launch', { ...aLaunch, count: 101 }, '/count'],
  ['groups/web/launch', { ...aLaunch, key: '../x' }, '/key'],
  ['groups/web/launch', { count: 1 }, '/key'],
  ['groups/web/breaker:reset', {}, '/reason'],
  ['groups/web/breaker:reset', { reason: '   ' }, '/reason'],
  ['instances/x/pardon', { reason: '' }, '/reason'],
  ['instances/x/pardon', { reason: 'x'.repeat(2_000) }, '/reason'],
  ['apply', { kind: 'Thing' }, '/kind'],
  ['apply', null, ''],
];

describe('a document', () => {
  it.each(bodies.map(([path, body, pointer], index) => ({ path, body, pointer, index })))(
    'POST $path is refused at $pointer ($index)',
    async ({ path, body, pointer }) => {
      const answer = await server.post(path, body);

      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code: 'USAGE' });
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    },
  );

  it.each(['', '{', '{"a":1}x', '\u0000', '{"__proto__": {"a": 1}}', '"'])('%j is not JSON: 400', async (text) => {
    const { status, body } = await server.post('keys', text);

    expect({ status, code: body.code }).toEqual({ status: 400, code: 'USAGE' });
  });

  it('is JSON or nothing: 415', async () => {
    const { status, body } = await server.send('/api/v1/keys', {
      method: 'POST',
      body: 'name=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

    expect({ status, code: body.code }).toEqual({ status: 415, code: 'USAGE' });
  });

  it('with very much wrong in it gets a bounded answer', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, 0]));

    const { status, body } = await server.post('keys', wrong);

    expect(status).toBe(422);
    expect(body.errors).toHaveLength(100);
  });

  it('has a size: 413', async () => {
    const { status, body } = await server.post('keys', { name: 'x', pem: 'x'.repeat(1_200_000) });

    expect({ status, code: body.code }).toEqual({ status: 413, code: 'TOO_LARGE' });
  });

  it.each([
    ['tokens', { group: 'unknown', image: 'web@7' }],
    ['tokens', { group: 'web', image: 'web@99' }],
    ['tokens', { group: 'web', image: '../..' }],
    ['groups/unknown/launch', aLaunch],
    ['groups/unknown/breaker:reset', someReason],
    ['instances/unknown/pardon', someReason],
    ['instances/unknown/trust', someReason],
    ['instances/unknown/revoke-key', someReason],
    ['instances/unknown/retire', someReason],
  ])('POST %s %j is about nothing that is there: 404', async (path, body) => {
    const answer = await server.post(path, body);

    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
  });

  it('conflicts with what is there: 409', async () => {
    const answers = await Promise.all([
      server.post('groups/web/breaker:reset', someReason),
      server.post(`instances/${instance}/pardon`, someReason),
      server.post(`instances/${instance}/accept`, someReason),
      server.send(`/api/v1/instances/${instance}/scan`, { method: 'POST' }),
    ]);

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(4).fill([409, 'CONFLICT']));
  });

  it.each([
    ['KEY', 'keys', { name: 'x', pem: 'no key' }],
    ['SIGNATURE', 'images', { manifest: anEnvelope(), rules: anEnvelope() }],
    ['UNSIGNED', 'images', { manifest: { ...anEnvelope(), signatures: [] }, rules: anEnvelope() }],
  ])('is refused with the code %s of what is wrong with it', async (code, path, body) => {
    const answer = await server.post(path, body);

    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code });
  });
});

describe('a failure of ours', () => {
  it('says nothing about itself', async () => {
    const failing = await anHttpServer({
      plan: async () => {
        throw new Error('SQLITE_CORRUPT at /var/lib/secret');
      },
    });
    await insertGroup(failing.db);

    const { status, body } = await failing.get('groups/web/plan');

    expect({ status, code: body.code }).toEqual({ status: 500, code: 'INTERNAL' });
    expect(JSON.stringify(body)).not.toContain('secret');
    await failing.close();
  });
});

function anEnvelope() {
  return { payload: 'e30=', payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'AAAA' }] };
}
