import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { aDirectory } from '../support/database.ts';
import { aServer, runEntry, serverEntry } from '../support/server-process.ts';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(overrides: Parameters<typeof aServer>[0] = {}) {
  const server = await aServer(overrides);
  running.push(server);
  return server;
}

const serve = (...args: string[]) => runEntry(serverEntry, ['serve', '--listen', '127.0.0.1:0', ...args]);
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe('the first start', () => {
  it('makes token and proof key for nobody else to read, and the next one keeps them', async () => {
    const first = await aServer();
    const secrets = ['admin.token', 'server.key'].map((name) => join(first.data, name));
    const before = secrets.map((file) => readFileSync(file, 'utf8'));
    await first.stop();

    await start({ data: first.data });

    expect(secrets.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
    expect(secrets.map(mode)).toEqual(['600', '600']);
    expect(['pristine.db', 'pristine.db-wal'].map((name) => mode(join(first.data, name)))).toEqual(['600', '600']);
    expect(mode(first.data)).toBe('700');
  });

  it('says where it listens, and the stop takes that back', async () => {
    const server = await aServer();
    const listening = readFileSync(join(server.data, 'listening'), 'utf8').trim();
    const answer = await fetch(`${listening}/readyz`);
    await server.stop();

    expect([listening, answer.status]).toEqual([server.url, 200]);
    expect(existsSync(join(server.data, 'listening'))).toBe(false);
    await expect(fetch(`${listening}/healthz`)).rejects.toThrow();
  });

  it.each(['', 'short\n', 'two words of which one is long enough\n'])('refuses the admin token %j', async (token) => {
    const data = join(aDirectory(), 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'admin.token'), token);

    await expect(aServer({ data })).rejects.toMatchObject({ code: 'CONFIG' });
  });
});

describe('a second server', () => {
  it('on the same data directory says so and ends with 2', async () => {
    const { data } = await start();

    const { code, stderr } = await serve('--data', data);

    expect(code).toBe(2);
    expect(stderr).toContain(`another pristine-server is using ${data}`);
    expect(existsSync(join(data, 'listening'))).toBe(true);
  });

  it('on the same port says so and ends with 2', async () => {
    const { url } = await start();

    const args = ['serve', '--data', join(aDirectory(), 'data'), '--listen', new URL(url).host];
    const { code, stderr } = await runEntry(serverEntry, args);

    expect(code).toBe(2);
    expect(stderr).toContain('is in use');
  });

  it('may follow one that was killed', async () => {
    const data = join(aDirectory(), 'data');
    const child = spawn(process.execPath, [serverEntry, 'serve', '--listen', '127.0.0.1:0', '--data', data], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    for await (const chunk of child.stderr) if (String(chunk).includes('server: listening')) break;
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect((await fetch(`${(await start({ data })).url}/readyz`)).status).toBe(200);
  });
});

describe('the process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 after %s, with readers still connected', async (signal) => {
    const data = join(aDirectory(), 'data');
    const child = spawn(process.execPath, [serverEntry, 'serve', '--listen', '127.0.0.1:0', '--data', data], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    const ended = once(child, 'exit');
    const listening = Promise.withResolvers<void>();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('server: listening')) listening.resolve();
    });
    await listening.promise;
    const url = readFileSync(join(data, 'listening'), 'utf8').trim();
    const authorization = `Bearer ${readFileSync(join(data, 'admin.token'), 'utf8').trim()}`;
    const events = await fetch(`${url}/api/v1/events`, { headers: { authorization } });

    child.kill(signal);

    expect((await ended)[0]).toBe(0);
    await events.text();
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'server: stopped' });
  });
});

describe('configuration', () => {
  it('refuses a database URL, which is not built yet, from wherever it comes', async () => {
    const file = join(aDirectory(), 'server.yaml');
    writeFileSync(file, 'databaseUrl: postgres://x\n');
    const env = { PRISTINE_DATABASE_URL: 'postgres://x' };

    const answers = await Promise.all([
      serve('--database-url', 'postgres://x'),
      serve('--config', file),
      runEntry(serverEntry, ['serve'], { env }),
    ]);

    expect(answers.map(({ code }) => code)).toEqual([2, 2, 2]);
    for (const { stderr } of answers) expect(stderr).toContain('(NOT_BUILT_YET)');
  });

  it('takes a flag before the environment, that before the file, that before the default', async () => {
    const directory = aDirectory();
    const file = join(directory, 'server.yaml');
    writeFileSync(file, `listen: file.example:x\ndata: ${directory}/data\n`);
    const where = async (args: string[], env: NodeJS.ProcessEnv) =>
      (await runEntry(serverEntry, ['serve', ...args], { env })).stderr.split(/(?: listen)?: expected/)[0];

    expect([
      await where(['--config', file, '--listen', 'x'], { PRISTINE_LISTEN: 'x' }),
      await where(['--config', file], { PRISTINE_LISTEN: 'x' }),
      await where([], { PRISTINE_CONFIG: file }),
    ]).toEqual(['pristine-server: --listen', 'pristine-server: PRISTINE_LISTEN', `pristine-server: ${file}`]);
  });

  it.each([
    ['an unknown key', 'lisen: 127.0.0.1:1'],
    ['broken YAML', 'listen: [1'],
    ['a list', '- listen'],
    ['a number', '7'],
    ['a duration', 'evidenceTtl: soon'],
    ['a port', 'listen: 127.0.0.1:99999'],
    ['an account that is no account', 'enrolment: {aws: {accounts: [1]}}'],
    ['a shared secret for a signature', 'enrolment: {kubernetes: [{algorithms: [HS256]}]}'],
  ])('refuses a file with %s', async (_what, text) => {
    const file = join(aDirectory(), 'server.yaml');
    writeFileSync(file, text);

    const { code, stderr } = await runEntry(serverEntry, ['serve', '--config', file]);

    expect(code).toBe(2);
    expect(stderr).toContain('(CONFIG)');
    expect(stderr).toContain(file);
  });

  it.each([[[]], [['serve', '--lisen', 'x']], [['run']], [['serve', 'extra']]])('refuses %j', async (args) => {
    expect((await runEntry(serverEntry, args)).code).toBe(2);
  });

  it('tells each option in its help', async () => {
    const { code, stdout } = await runEntry(serverEntry, ['serve', '--help']);

    expect(code).toBe(0);
    for (const word of ['--listen', 'PRISTINE_DATA', '--evidence-ttl', '127.0.0.1:7420'])
      expect(stdout).toContain(word);
  });
});
