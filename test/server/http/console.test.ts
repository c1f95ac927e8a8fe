import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDirectory } from '../../support/database.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';

const anonymous = { headers: { authorization: '' } };
const asPage = { headers: { authorization: '', accept: 'text/html,*/*' } };
let server: HttpServer;
let ready = true;

beforeAll(async () => {
  const directory = aDirectory();
  mkdirSync(join(directory, 'dist/assets'), { recursive: true });
  writeFileSync(join(directory, 'dist/index.html'), '<!doctype html>the console');
  writeFileSync(join(directory, 'dist/assets/index-abc.js'), 'run()');
  writeFileSync(join(directory, 'secret'), 'secret');
  server = await anHttpServer({ isReady: () => ready }, join(directory, 'dist'));
});
afterAll(() => server.close());

describe('the console', () => {
  it.each(['/', '/instances/abc', '/replacements?group=web'])('is one page at %s', async (path) => {
    const { status, body, headers } = await server.send(path, asPage);

    expect([status, body]).toEqual([200, '<!doctype html>the console']);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('says at its address that it is not built, where it is not', async () => {
    const bare = await anHttpServer({}, join(aDirectory(), 'nothing'));

    const { status, body } = await bare.send('/', asPage);
    await bare.close();

    expect([status, body.detail]).toEqual([404, expect.stringContaining('npm run web')]);
  });

  it('keeps its assets for ever', async () => {
    const { body, headers } = await server.send('/assets/index-abc.js', anonymous);

    expect(body).toBe('run()');
    expect(headers.get('cache-control')).toContain('immutable');
  });

  it.each(['/../secret', '/..%2fsecret', '/%2e%2e/secret', '/assets/..%2f..%2fsecret', '/.%2e/secret', '//etc/passwd'])(
    'serves nothing beside itself: %s',
    async (path) => {
      const { status, body } = await server.send(path, anonymous);

      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toContain('secret"');
    },
  );

  it.each(['/api/v2/groups', '/agent/v1'])('does not stand in for %s', async (path) => {
    const { status, body } = await server.send(path, asPage);

    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('every answer', () => {
  it.each([
    '/',
    '/api/v1/groups',
    '/api/v1/nothing',
    '/api/v1/openapi.json',
    '/healthz',
    '/nothing',
    '/assets/index-abc.js',
  ])('of %s forbids foreign scripts, frames and readers', async (path) => {
    const { headers } = await server.send(path, { headers: { origin: 'https://evil.example' } });

    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('of the API is not kept by caches', async () => {
    expect((await server.get('groups')).headers.get('cache-control')).toBe('no-store');
  });

  it('to a preflight is no permission', async () => {
    const { status, headers } = await server.send('/api/v1/groups', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });

    expect(status).toBeGreaterThanOrEqual(400);
    expect(headers.get('access-control-allow-methods')).toBeNull();
  });
});

describe('health', () => {
  it('needs no token', async () => {
    const answers = [await server.send('/healthz', anonymous), await server.send('/readyz', anonymous)];

    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, { status: 'alive' }],
      [200, { status: 'ready', scheduler: 'leading' }],
    ]);
  });

  it('is not ready while the server starts or stops', async () => {
    ready = false;
    const answers = [await server.send('/healthz', anonymous), await server.send('/readyz', anonymous)];
    ready = true;

    expect(answers.map(({ status }) => status)).toEqual([200, 503]);
  });

  it('is not ready without its database', async () => {
    const broken = await anHttpServer();
    await broken.db.destroy();

    expect((await broken.send('/readyz', anonymous)).status).toBe(503);
    await broken.http.close();
  });
});
