import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trustKey } from '../../../server/store/key-store.ts';
import { aTime } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { anHttpServer, aToken, type HttpServer } from '../../support/http-server.ts';
import { insertImage } from '../../support/rows.ts';
import { rulesEnvelope } from '../../support/rules.ts';
import { ctlEntry, runEntry } from '../../support/server-process.ts';

const { privateKey: key, publicKey } = generateKeyPairSync('ed25519');
const directory = aDirectory();
let server: HttpServer;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  server = await anHttpServer();
  env = { PRISTINE_SERVER: server.url, PRISTINE_TOKEN: aToken };
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await trustKey(server.db, { name: 'image', pem, at: aTime });
  await insertImage(server.db);
});
afterEach(() => server.close());

describe('pristinectl rules', () => {
  it('lists, shows and withdraws what was pushed, as table and as JSON', async () => {
    await server.post('rules', { rules: rulesEnvelope({ sequence: 2, key }) });

    const list = await ctl('rules', 'list');
    const shown = await ctl('rules', 'show', 'web', '2', '--json');
    const facts = await ctl('rules', 'show', 'web', '2');
    const withdrawn = await ctl('rules', 'withdraw', 'web', '2');
    const again = await ctl('rules', 'withdraw', 'web', '2');

    expect(list.stdout).toMatch(/^IMAGE +SEQUENCE +STATE.*\nweb +2 +candidate /);
    expect(JSON.parse(shown.stdout)).toMatchObject({ image: 'web', sequence: 2, preview: { instances: 0 } });
    expect(facts.stdout).toContain('candidate');
    expect([list.code, facts.code, withdrawn.code]).toEqual([0, 0, 0]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('CONFLICT') });
  });

  it('activates what was pushed when nobody need be asked', async () => {
    const { code, stdout } = await ctl('rules', 'push', aFile(2), '--yes', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'active', sequence: 2 });
  });

  it('does nothing without a yes where nobody can be asked', async () => {
    const { code, stderr } = await ctl('rules', 'push', aFile(2));

    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect((await server.get('rules')).body.items).toEqual([]);
  });

  it.each([
    ['yes', 'active'],
    ['no', 'candidate'],
    ['', 'candidate'],
  ])('asks on a terminal, and takes "%s" as it is meant', async (answer, state) => {
    const { stdout, stderr } = await onTerminal(['rules', 'push', aFile(2)], `${answer}\n`);

    expect(stdout + stderr).toContain('Activate rules 2 of web?');
    expect((await server.get('rules/web/2')).body.state).toBe(state);
  });

  it('says which file it could not read', async () => {
    const missing = join(directory, 'missing.json');

    expect(await ctl('rules', 'push', missing, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(missing),
    });
  });
});

function ctl(...args: readonly string[]) {
  return runEntry(ctlEntry, args, { env });
}

/** script(1) of util-linux gives the command a terminal and types what it is told. */
async function onTerminal(args: readonly string[], input: string) {
  const command = [process.execPath, ctlEntry, ...args].map((word) => `'${word}'`).join(' ');
  const program = join(directory, 'terminal.cjs');
  writeFileSync(
    program,
    `const { spawn } = require('node:child_process');
    spawn('script', ['-qec', ${JSON.stringify(command)}, '/dev/null'], { stdio: 'inherit' });`,
  );
  return runEntry(program, [], { env, input });
}

function aFile(sequence: number): string {
  const path = join(directory, `rules-${sequence}.dsse.json`);
  writeFileSync(path, JSON.stringify(rulesEnvelope({ sequence, key })));
  return path;
}
