import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openDatabase } from '../../../server/store/database.ts';
import { appendEvent } from '../../../server/store/event-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { aDirectory } from '../../support/database.ts';
import { serverEntry } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import { aReceiver } from '../../support/webhook-receiver.ts';

const pages = 5;
const ending: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ending.splice(0).reverse()) end();
});

it('a server that is killed before a page is taken delivers it afterwards: the rows of the outbox, each under its id', async () => {
  let isWell = false;
  const receiver = await aReceiver({ reply: () => (isWell ? { status: 200 } : 'hang') });
  ending.push(() => receiver.close());
  const config = aConfig(receiver.url);
  const first = await start(config);
  const db = await openDatabase({ file: join(config.data, 'pristine.db') });
  ending.push(() => db.destroy());
  const at = timestamp(Date.now());
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < pages; n += 1)
      await appendEvent(tx, { at, type: 'breaker.tripped', groupName: `web-${n}`, data: { cause: 'many' } });
  });
  await until(() => receiver.received.length > 0);
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(await statesOf()).toEqual(Array(pages).fill('pending'));

  isWell = true;
  const beforeRestart = receiver.received.length;
  await start(config);

  await until(async () => (await statesOf()).every((state) => state === 'delivered'));
  const wanted = (await db.selectFrom('outbox').select('message_id').orderBy('n').execute()).map(
    (row) => row.message_id,
  );
  const delivered = receiver.received.slice(beforeRestart).map(({ headers }) => headers['webhook-id']);
  expect(delivered.toSorted()).toEqual(wanted.toSorted());
  expect(wanted).toContain(receiver.received[0]?.headers['webhook-id']);

  async function statesOf(): Promise<readonly string[]> {
    const rows = await db.selectFrom('outbox').select('state').execute();
    return rows.map(({ state }) => state);
  }
});

it('a webhook without a secret is refused at the start, in a sentence', async () => {
  const { file } = aConfig('http://127.0.0.1:9/', 'not a secret');
  const child = spawn(process.execPath, [serverEntry, 'serve', '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  ending.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));

  const [code] = await once(child, 'exit');

  expect([code, said.includes('webhook: expected one secret or two'), said.includes('not a secret')]).toEqual([
    2,
    true,
    false,
  ]);
});

function aConfig(url: string, secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`) {
  const folder = aDirectory();
  const [file, data, secretFile] = ['server.yaml', 'data', 'secret'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(secretFile, `${secret}\n`);
  const webhook = { url, secretFile };
  writeFileSync(file, JSON.stringify({ listen: '127.0.0.1:0', data, lookEvery: 'never', webhook }));
  return { file, data };
}

async function start({ file, data }: { readonly file: string; readonly data: string }): Promise<ChildProcess> {
  const child = spawn(process.execPath, [serverEntry, 'serve', '--config', file], { stdio: 'ignore' });
  ending.push(() => child.kill('SIGKILL'));
  const listening = join(data, 'listening');
  const before = existsSync(listening) ? readFileSync(listening, 'utf8') : '';
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    return existsSync(listening) && readFileSync(listening, 'utf8') !== before;
  });
  return child;
}
