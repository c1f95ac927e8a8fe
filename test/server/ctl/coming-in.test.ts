import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aTime } from '../../support/builders.ts';
import { anHttpServer, aToken, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertImage, insertInstance } from '../../support/rows.ts';
import { runCtl } from '../../support/server-process.ts';

const cloudImage = 'aws:eu-central-1:ami-0123456789abcdef0';
let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer();
  await insertGroup(server.db);
  await insertImage(server.db);
});
afterEach(() => server.close());

const ctl = (...args: string[]) => runCtl({ url: server.url, token: aToken }, ...args);
const create = (...more: string[]) => ctl('tokens', 'create', '--group', 'web', '--image', 'web@7', ...more);

describe('pristinectl tokens', () => {
  it('makes one that may be used again, at a rate and from networks, and lists it without its secret', async () => {
    const networks = ['--cidr', '10.0.0.0/8', '--cidr', 'fd00::/8'];
    const { stdout: secret, stderr: told } = await create('--uses', '9', '--rate', '2/1m', ...networks);
    const { stdout: list } = await ctl('tokens', 'list');

    expect(secret).toMatch(/^pst_\S+\n$/);
    expect(told).toMatch(/^token [0-9a-f-]{36}: 9 uses, until /);
    expect(list).toMatch(/0 of 9 +2\/1m +10\.0\.0\.0\/8 fd00::\/8/);
    expect(list).not.toContain(secret.trim());
  });

  it('revokes one, named by the end of its id', async () => {
    const { id } = JSON.parse((await create('--json')).stdout);

    const revoked = await ctl('tokens', 'revoke', id.slice(-8));
    const again = JSON.parse((await ctl('tokens', 'revoke', id, '--json')).stdout);

    expect(revoked).toMatchObject({ code: 0, stdout: `revoked ${id} of group web; 0 of 1 uses are made\n` });
    expect(again).toMatchObject({ id, revokedAt: expect.any(String) });
  });

  it('says what a token that is used again lacks', async () => {
    const { code, stderr } = await create('--uses', '2');

    expect([code, stderr]).toEqual([2, expect.stringContaining('10/1m')]);
  });
});

describe('pristinectl images', () => {
  it('links what a cloud calls an image, lists it, and takes it back', async () => {
    const linked = await ctl('images', 'link', 'web@7', cloudImage);
    const list = await ctl('images', 'links');
    const json = await ctl('images', 'links', '--json');
    const unlinked = await ctl('images', 'unlink', cloudImage);

    expect(linked.stdout).toBe(`${cloudImage} is web@7\n`);
    expect(list.stdout).toContain(cloudImage);
    expect(JSON.parse(json.stdout).items).toMatchObject([{ cloudImage, image: 'web@7' }]);
    expect(unlinked).toMatchObject({ code: 0, stdout: expect.stringContaining('unknown image') });
  });

  it.each([
    [['images', 'link', 'web@99', cloudImage]],
    [['images', 'link', 'web@7', 'ami-0123456789abcdef0']],
    [['images', 'link', 'web@7']],
    [['images', 'unlink', cloudImage]],
    [['tokens', 'revoke', 'unknown']],
    [['instances', 'accept', 'unknown']],
    [['instances', 'accept', 'unknown', '--reason', 'x']],
  ])('ends with 2 for %j', async (args) => {
    const { code, stdout, stderr } = await ctl(...args);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
  });
});

describe('pristinectl instances', () => {
  it('says of each that is not sure why, and of one what ends it', async () => {
    const doubts = JSON.stringify([{ kind: 'cloned-identity', since: aTime }]);
    const doubted = await insertInstance(server.db, { verdict: 'drifted', doubts });
    const expired = await insertInstance(server.db, { verdict: 'unverifiable' });

    const { stdout: list } = await ctl('instances', 'list');
    const { stdout: one } = await ctl('instances', 'get', doubted);

    expect(list).toMatch(new RegExp(`${doubted}.* cloned-identity\n`));
    expect(list).toMatch(new RegExp(`${expired}.* evidence expired\n`));
    expect(one).toMatch(/in doubt +.*two live connections.*`revoke-key`/);
  });
});

describe('pristinectl instances accept', () => {
  it('wants to know which of two it is that claim one machine, and lets the other go', async () => {
    const claimed = {
      ...{ provider_id: 'i-0123456789abcdef0', verdict: 'unverifiable' as const },
      doubts: JSON.stringify([{ kind: 'claimed-twice', since: aTime }]),
    };
    const id = await insertInstance(server.db, claimed);
    const other = await insertInstance(server.db, claimed);

    const unclear = await ctl('instances', 'accept', 'i-0123456789abcdef0', '--reason', 'x');
    const accepted = await ctl('instances', 'accept', id, '--reason', 'the other is a copy', '--json');

    expect([unclear.code, unclear.stderr]).toEqual([2, expect.stringContaining(other)]);
    expect(JSON.parse(accepted.stdout)).toMatchObject({ id, doubts: [] });
    expect((await server.get(`instances/${other}`)).body).toMatchObject({ lifecycle: 'retired' });
  });
});
