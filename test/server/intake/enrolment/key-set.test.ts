import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeySet } from '../../../../server/intake/enrolment/key-set.ts';
import { createFakeClock } from '../../../support/fake-clock.ts';

const aKey = (kid: string) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256' };
};

describe('the keys of an issuer', () => {
  const [one, two] = [aKey('one'), aKey('two')];
  let server: Server;
  let url = '';
  let asked = 0;
  let answer: { status: number; body: string; location?: string };
  const show = (...keys: object[]) => {
    answer = { status: 200, body: JSON.stringify({ keys }) };
  };

  beforeEach(async () => {
    asked = 0;
    show(one);
    server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const selecting = (source = url) => {
    const clock = createFakeClock();
    const keys = openKeySet(source, clock);
    const select = (kid: string) => Promise.resolve(keys({ alg: 'ES256', kid }, { payload: '', signature: '' }));
    const has = (kid: string) =>
      select(kid).then(
        () => true,
        (error: { code: string }) => error.code,
      );
    return { clock, has };
  };

  it('are asked for once, however many need them at once', async () => {
    const { has } = selecting();

    expect(await Promise.all(Array.from({ length: 20 }, () => has('one')))).toEqual(Array(20).fill(true));
    expect(asked).toBe(1);
  });

  it('are read again for a key that is not among them, but not for each who says so', async () => {
    const { clock, has } = selecting();
    await has('one');
    show(one, two);

    const soon = await has('two');
    clock.advance(30_000);
    const later = await has('two');
    for (let n = 0; n < 20; n += 1) await has('three');

    expect([soon, later, asked]).toEqual(['ERR_JWKS_NO_MATCHING_KEY', true, 2]);
  });

  it('hold for an hour while their issuer does not answer', async () => {
    const { clock, has } = selecting();
    await has('one');
    answer = { status: 500, body: '' };

    clock.advance(3_599_000);
    const before = await has('one');
    clock.advance(1_000);

    expect([before, await has('one')]).toEqual([true, 'UNREACHABLE']);
  });

  it.each([
    ['is huge', { status: 200, body: ' '.repeat(262_145) }],
    ['is no JSON', { status: 200, body: '<html>' }],
    ['has no keys', { status: 200, body: '{}' }],
    ['leads elsewhere', { status: 302, body: '', location: 'http://127.0.0.1:9/' }],
    ['is an error', { status: 404, body: '' }],
  ])('are none when the answer %s', async (_what, given) => {
    answer = given;

    expect(await selecting().has('one')).toBe('UNREACHABLE');
  });

  it('are none when the answer does not end, which nobody reads to the end', async () => {
    const chunk = Buffer.alloc(65_536, ' ');
    let sent = 0;
    server.removeAllListeners('request').on('request', (_request, response) => {
      const more = () => {
        sent += chunk.length;
        response.write(chunk);
      };
      response.on('drain', more);
      more();
    });

    expect(await selecting().has('one')).toBe('UNREACHABLE');
    expect(sent).toBeLessThan(64 * 1_048_576);
  });

  it.each(['/nonexistent', '/dev/zero', '/'])('are none in %s', async (file) => {
    expect(await selecting(file).has('one')).toBe('UNREACHABLE');
  });
});
