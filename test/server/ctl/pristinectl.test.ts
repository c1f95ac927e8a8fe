import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../server/ctl/program.ts';
import { aDirectory } from '../../support/database.ts';
import { aKeyPair } from '../../support/proofs.ts';
import { aServer, ctlEntry, runCtl, runEntry } from '../../support/server-process.ts';

let server: Awaited<ReturnType<typeof aServer>>;
const directory = aDirectory();
const path = (name: string) => join(directory, name);

beforeAll(async () => {
  server = await aServer();
  writeFileSync(
    path('group.yaml'),
    'kind: Group\nname: web\nprovider: {type: local, directory: /tmp/none, images: {}}\nstateless: true\n',
  );
  await ctl('apply', '-f', path('group.yaml'));
});
afterAll(() => server.stop());

const ctl = (...args: string[]) => runCtl(server, ...args);
const api = async (route: string) => {
  const response = await fetch(`${server.url}/api/v1/${route}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  return response.json();
};

const leavesOf = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe('pristinectl', () => {
  it('shows in a table what it shows in JSON, which is what the API says', async () => {
    const json = await ctl('groups', 'list', '--json');
    const table = await ctl('groups', 'list');

    expect(JSON.parse(json.stdout)).toEqual(await api('groups'));
    expect(table.stdout.split('\n').map((line) => line.split(/\s{2,}/)[0])).toEqual(['GROUP', 'web', '']);
    expect([json.code, table.code, json.stderr, table.stderr]).toEqual([0, 0, '', '']);
  });

  it.each([
    ['images', 'list'],
    ['keys', 'list'],
    ['tokens', 'list'],
    ['groups', 'list'],
    ['groups', 'get', 'web'],
    ['groups', 'plan', 'web'],
    ['policies', 'list'],
    ['instances', 'list', '--all', '--group', 'web', '--content', 'drifted'],
    ['drifts', 'list', '--all'],
    ['replacements', 'list', '--active'],
    ['exemptions', 'list', '--all'],
    ['webhook', 'status'],
  ])('%s %s works as table and as JSON', async (...args) => {
    const table = await ctl(...args);
    const json = await ctl('--json', ...args);

    expect([table.code, table.stderr, json.code, json.stderr]).toEqual([0, '', 0, '']);
    expect(JSON.parse(json.stdout)).toBeTypeOf('object');
  });

  it('has help with an example for every command, and none is an empty shell', async () => {
    const leaves = leavesOf(createProgram());

    expect(leaves.map(nameOf)).toEqual(expect.arrayContaining(['apply', 'rules push', 'replacements proof', 'events']));
    for (const leaf of leaves) expect(helpOf(leaf)).toContain(`:\n  pristinectl ${nameOf(leaf)}`);
    expect((await ctl('groups', 'launch', '--help')).stdout).toContain('pristinectl groups launch web-prod');
  });

  it('trusts keys, and never sends a private one', async () => {
    const { pub, privateKey } = aKeyPair();
    writeFileSync(path('build.pub'), pub);
    writeFileSync(path('build.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));

    const trusted = await ctl('keys', 'trust', path('build.pub'), '--json');
    const refused = await ctl('keys', 'trust', path('build.key'));

    expect(JSON.parse(trusted.stdout)).toMatchObject({ name: 'build', pem: pub });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('private key')]);
    expect((await ctl('keys', 'list')).stdout).toContain('build');
  });

  it('says what an image push lacks', async () => {
    const { code, stderr } = await ctl('images', 'push', directory);

    expect([code, stderr]).toEqual([2, expect.stringContaining('manifest.dsse.json')]);
  });

  it('writes what happened as one JSON object a line', async () => {
    const { code, stdout } = await ctl('events', '--json');

    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ id: 1, type: 'group.changed', group: 'web' });
    expect((await ctl('events')).stdout).toContain('group.changed');
    expect((await ctl('events', '--after', String(events.at(-1).id))).stdout).toBe('');
  });
});

describe('an exit code', () => {
  const run = (args: readonly string[], env: NodeJS.ProcessEnv) => runEntry(ctlEntry, args, { env });
  const token = () => ({ PRISTINE_SERVER: server.url, PRISTINE_TOKEN: server.token });

  it.each([
    [[]],
    [['nonsense']],
    [['groups']],
    [['groups', 'get']],
    [['groups', 'list', 'extra']],
    [['groups', 'list', '--nonsense']],
    [['groups', 'launch', 'web']],
    [['groups', 'launch', 'web', '--count', 'many']],
    [['groups', 'launch', 'web', '--count', '1', '--key', '../x']],
    [['groups', 'reset-breaker', 'web']],
    [['groups', 'reset-breaker', 'web', '--reason', 'none open']],
    [['groups', 'get', '../../etc/passwd']],
    [['tokens', 'create', '--group', 'web']],
    [['tokens', 'create', '--group', 'web', '--image', 'web@7', '--label', 'x']],
    [['instances', 'list', '--content', 'clean']],
    [['instances', 'get', 'unknown']],
    [['instances', 'scan', 'unknown']],
    [['taint', 'pardon', 'unknown', '--reason', 'x']],
    [['drifts', 'get', 'unknown']],
    [['replacements', 'proof', 'unknown']],
    [['images', 'get', 'web@99']],
  ])('is 2 for %j', async (args) => {
    const { code, stdout, stderr } = await run(args, token());

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('    at ');
  });

  it('is 2 without a token, and 5 with a wrong one', async () => {
    const none = await run(['groups', 'list'], { PRISTINE_SERVER: server.url });
    const wrong = await run(['groups', 'list'], { ...token(), PRISTINE_TOKEN: 'pat_wrong-wrong-wrong' });

    expect([none.code, wrong.code]).toEqual([2, 5]);
    expect([none.stderr, wrong.stderr]).toEqual([
      expect.stringContaining('--token-file'),
      expect.stringContaining('(UNAUTHENTICATED)'),
    ]);
  });

  it('is 4 where no server is', async () => {
    const { code, stderr } = await run(['groups', 'list'], { ...token(), PRISTINE_SERVER: 'http://127.0.0.1:1' });

    expect([code, stderr]).toEqual([4, expect.stringContaining('(UNREACHABLE)')]);
  });

  it.each([
    ['text', (type: string) => ({ type, body: 'hello' }), 'text/html'],
    ['broken JSON', (type: string) => ({ type, body: '{' }), 'application/json'],
  ])('is 4 where something else answers with %s', async (_what, answer, type) => {
    const { url, close } = await otherServer(200, answer(type).body, type);

    const { code } = await run(['groups', 'list'], { ...token(), PRISTINE_SERVER: url });
    close();

    expect(code).toBe(4);
  });

  it('is 4 where a redirect would take the token elsewhere', async () => {
    const { url, close } = await otherServer(302, '', 'text/plain', { location: server.url });

    const { code } = await run(['groups', 'list'], { ...token(), PRISTINE_SERVER: url });
    close();

    expect(code).toBe(4);
  });

  it.each(['nonsense', 'ftp://x', '127.0.0.1:7420'])('is 2 for the server %s', async (url) => {
    expect((await run(['groups', 'list', '--server', url], token())).code).toBe(2);
  });
});

describe('the token', () => {
  it('comes from --token-file before the environment', async () => {
    writeFileSync(path('token'), `${server.token}\n`);
    const env = { PRISTINE_SERVER: server.url };
    const list = (args: string[], more: NodeJS.ProcessEnv) =>
      runEntry(ctlEntry, ['groups', 'list', ...args], { env: { ...env, ...more } });

    const answers = [
      await list(['--token-file', path('token')], { PRISTINE_TOKEN: 'wrong-wrong-wrong-wrong' }),
      await list([], { PRISTINE_TOKEN_FILE: path('token') }),
      await list(['--token-file', path('no-such-file')], { PRISTINE_TOKEN: server.token }),
    ];

    expect(answers.map(({ code }) => code)).toEqual([0, 0, 2]);
  });

  it('of an agent is printed alone, for a file', async () => {
    const { code, stderr } = await ctl('tokens', 'create', '--group', 'web', '--image', 'web@7');

    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no image web@7')]);
  });
});

describe('what a terminal is shown', () => {
  const evil = 'x\u001b]0;owned\u0007\u202egnp.exe\u009b2J';

  it('has no control or bidirectional character of the server’s', async () => {
    const page = {
      items: [{ id: 'k', name: evil, pem: evil, trustedAt: evil }],
      nextCursor: null,
    };
    const { url, close } = await otherServer(200, JSON.stringify(page), 'application/json');
    const env = { PRISTINE_SERVER: url, PRISTINE_TOKEN: 'x' };

    const table = await runEntry(ctlEntry, ['keys', 'list'], { env });
    const json = await runEntry(ctlEntry, ['keys', 'list', '--json'], { env });
    close();

    expect(`${table.stdout}${json.stdout}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(table.stdout).toContain('\\u{202e}');
    expect(JSON.parse(json.stdout)).toEqual(page);
  });

  it('nor has what it says about a refusal', async () => {
    const problem = {
      type: 'x',
      title: 'x',
      status: 404,
      detail: evil,
      code: evil,
      errors: [{ pointer: evil, detail: evil }],
    };
    const { url, close } = await otherServer(404, JSON.stringify(problem), 'application/problem+json');

    const { code, stderr } = await runEntry(ctlEntry, ['keys', 'list'], {
      env: { PRISTINE_SERVER: url, PRISTINE_TOKEN: 'x' },
    });
    close();

    expect(code).toBe(2);
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  it('is coloured only where colour is wanted', async () => {
    const item = { id: 'f', severity: 'high', change: 'modified', subject: 'file', name: '/x', attributes: [] };
    const counts = { expected: {}, actual: {}, openInstances: 1, totalInstances: 1 };
    const page = {
      items: [{ fingerprint: 'f', ...item, ...counts, firstSeenAt: 'x', lastSeenAt: 'x' }],
      nextCursor: null,
    };
    const { url, close } = await otherServer(200, JSON.stringify(page), 'application/json');
    const drifts = (more: NodeJS.ProcessEnv) =>
      runEntry(ctlEntry, ['drifts', 'list'], { env: { PRISTINE_SERVER: url, PRISTINE_TOKEN: 'x', ...more } });

    const [piped, forced] = [await drifts({}), await drifts({ FORCE_COLOR: '1' })];
    close();

    expect([piped, forced].map(({ stdout }) => stdout.includes('\u001b['))).toEqual([false, true]);
  });
});

describe('a proof', () => {
  it('is written to a new file only', async () => {
    const envelope = { payload: 'e30=', payloadType: 'x', signatures: [] };
    const { url, close } = await otherServer(200, JSON.stringify(envelope), 'application/json');
    const env = { PRISTINE_SERVER: url, PRISTINE_TOKEN: 'x' };
    const args = ['replacements', 'proof', '01a2239a-8e77-7643-a9bf-0b099025ec72', '-o', path('proof.json')];

    const first = await runEntry(ctlEntry, args, { env });
    const { mtimeMs } = statSync(path('proof.json'));
    const second = await runEntry(ctlEntry, args, { env });
    close();

    expect([first.code, second.code, second.stderr]).toEqual([0, 2, expect.stringContaining('(FILE_EXISTS)')]);
    expect(JSON.parse(readFileSync(path('proof.json'), 'utf8'))).toEqual(envelope);
    expect(statSync(path('proof.json')).mtimeMs).toBe(mtimeMs);
  });
});

async function otherServer(status: number, body: string, type: string, headers: Record<string, string> = {}) {
  const other = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type, ...headers }).end(body);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, close: () => other.close() };
}
