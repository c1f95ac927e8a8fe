import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { aDirectory } from '../../support/directory.ts';
import { anHttpServer, aToken, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertInstance } from '../../support/rows.ts';
import { runCtl } from '../../support/server-process.ts';

let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer({ lint: async () => [{ code: 'never-matches', message: 'there is no such group' }] });
  await insertGroup(server.db);
});
afterEach(() => server.close());

const ctl = (...args: string[]) => runCtl({ url: server.url, token: aToken }, ...args);

it('holds, lists and lifts', async () => {
  const id = await insertInstance(server.db, { provider_id: 'i-1' });
  const held = await ctl('hold', 'instance', 'i-1', '--for', '2h', '--reason', 'I look at it');
  await ctl('hold', 'all', '--reason', 'stop');
  const list = await ctl('holds', 'list');
  const { items } = JSON.parse((await ctl('holds', 'list', '--json')).stdout);

  expect(held).toMatchObject({ code: 0, stdout: expect.stringContaining(`instance ${id} is held until 20`) });
  expect(list.stdout).toMatch(/everything +admin .* it is lifted .* stop/);
  for (const hold of items) expect((await ctl('holds', 'lift', hold.id)).code).toBe(0);
  expect((await ctl('holds', 'list')).stdout).toBe('nothing is held\n');
});

it.each([
  [['hold', 'group', 'web', '--reason', 'x']],
  [['hold', 'group', 'web', '--for', '2h']],
  [['hold', 'group', 'web', '--for', '91d', '--reason', 'x']],
  [['hold', 'group', 'unknown', '--for', '2h', '--reason', 'x']],
  [['holds', 'lift', 'unknown']],
  [['approve', 'unknown', '--instances', '1', '--reason', 'x']],
  [['approve', 'unknown', '--reason', 'x']],
  [['audit', 'verify', '--head', 'x']],
])('ends with 2 for %j', async (args) => {
  expect(await ctl(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/./) });
});

it('makes a token with a role, which may do that and no more: 5', async () => {
  const { stdout: token } = await ctl('access-tokens', 'create', 'alice', '--role', 'viewer');
  const alice = (...args: string[]) => runCtl({ url: server.url, token: token.trim() }, ...args);

  expect(await alice('groups', 'list')).toMatchObject({ code: 0 });
  expect(await alice('hold', 'all', '--reason', 'x')).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('FORBIDDEN'),
  });
  expect((await ctl('access-tokens', 'revoke', 'alice')).code).toBe(0);
  expect(await alice('groups', 'list')).toMatchObject({ code: 5 });
});

it('verifies the audit, and sees what was changed or cut off: 3', async () => {
  await ctl('hold', 'all', '--reason', 'stop');
  const good = await ctl('audit', 'verify');
  const head = good.stdout.trim().split('\n').at(-1)!;
  const list = await ctl('audit', 'list', '--what', 'hold');

  await server.db
    .deleteFrom('audit')
    .where('n', '=', Number(head.split(':')[0]))
    .execute();
  const cut = [await ctl('audit', 'verify'), await ctl('audit', 'verify', '--head', head)];
  await server.db.updateTable('audit').set({ actor: 'mallory' }).where('n', '=', 1).execute();

  expect(good.code).toBe(0);
  expect(list.stdout).toMatch(/admin +hold\.placed/);
  expect(cut.map(({ code }) => code)).toEqual([0, 3]);
  expect(await ctl('audit', 'verify')).toMatchObject({ code: 3, stderr: expect.stringContaining('DIGEST') });
});

it('says what is odd about a policy: 1, and who declared which version', async () => {
  const file = join(aDirectory(), 'policy.yaml');
  writeFileSync(file, 'kind: Policy\nname: web\nselect: { group: wbe }\n');

  const lint = await ctl('policies', 'lint', '-f', file);
  const applied = await ctl('apply', '-f', file);
  const history = await ctl('policies', 'history', 'web');

  expect(lint).toMatchObject({ code: 1, stdout: 'Policy web: never-matches: there is no such group\n' });
  expect(applied).toMatchObject({
    code: 0,
    stderr: 'web: never-matches: there is no such group\n',
  });
  expect(history.stdout).toMatch(/1 +20.* admin/);
});
