import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCommandProvider } from '../../../server/provider/command.ts';
import { isStopped } from '../../../server/provider/local/processes.ts';
import { Group } from '../../../shared/policy.ts';
import { aGroup } from '../../support/builders.ts';
import { aDirectory } from '../../support/directory.ts';
import { until } from '../../support/until.ts';

const provider = createCommandProvider();
/** A shell that somebody has asked for by name is a program like any other. */
const aShell = (script: string, overrides: object = {}) =>
  aGroup({ provider: { type: 'command', command: ['/bin/sh', '-c', script], env: {}, timeout: '20s', ...overrides } });
const said = (details: object) =>
  JSON.stringify({ schema: 'pristine.provider-answer/1', operation: 'list', group: 'web', ...details });
const machine = { providerId: 'm-1', launchKey: null, state: 'running', drainedBy: null };
const saying = (text: string) => aShell(`cat > /dev/null; printf '%s' '${text}'`);

describe('an answer', () => {
  it('is taken as it is', async () => {
    expect(await provider.list(saying(said({ machines: [machine] })))).toEqual([machine]);
  });

  it.each([
    ['nothing', ''],
    ['garbage', 'Segmentation fault'],
    ['two objects', `${said({ machines: [] })}${said({ machines: [] })}`],
    ['an array', '[]'],
    ['one of another schema', said({ schema: 'pristine.provider-answer/2', machines: [] })],
    ['one without machines', said({})],
    ['one with more than is asked', said({ machines: [], also: 1 })],
    ['one for another group', said({ group: 'other', machines: [] })],
    ['one to another operation', said({ operation: 'launch', machines: [] })],
    ['a machine in no state', said({ machines: [{ ...machine, state: 'fine' }] })],
    ['a machine with more than is asked', said({ machines: [{ ...machine, group: 'web' }] })],
    ['a machine twice', said({ machines: [machine, machine] })],
    ['a machine without a name', said({ machines: [{ ...machine, providerId: '' }] })],
    ['a name that is too long', said({ machines: [{ ...machine, providerId: 'x'.repeat(1_025) }] })],
  ])('is refused where it is %s', async (_, text) => {
    await expect(provider.list(saying(text))).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('is refused where it is no UTF-8', async () => {
    await expect(provider.list(aShell("printf '\\377'"))).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('is refused where there is no end of it, and the program ends', async () => {
    const pidFile = join(aDirectory(), 'pid');

    await expect(provider.list(aShell(`echo $$ > ${pidFile}; exec cat /dev/zero`))).rejects.toMatchObject({
      code: 'PROTOCOL',
    });

    await until(() => isStopped(Number(readFileSync(pidFile, 'utf8'))));
  });

  it('is refused where the machine was launched with another key', async () => {
    const text = said({ operation: 'launch', machine: { ...machine, launchKey: 'r-2' } });
    const request = { group: saying(text), image: 'web@7', key: 'r-1', serverUrl: 'ws://x', joinToken: 'pst' };

    await expect(provider.launch(request)).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('is refused where the snapshot is of another machine', async () => {
    const snapshot = { snapshotId: 's', key: 'q-1', providerId: 'm-2', where: '/s' };
    const text = said({ operation: 'keep-snapshot', snapshot });

    await expect(provider.keepSnapshot(saying(text), 'm-1', 'q-1')).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('an exit code', () => {
  it.each([
    [1, 'IO'],
    [127, 'IO'],
    [20, 'CONFIG'],
    [10, 'TIMEOUT'],
  ])('of %d is %s, with what was said', async (exit, code) => {
    const asked = provider.list(aShell(`cat > /dev/null; echo 'the quota  is spent' >&2; exit ${exit}`));

    await expect(asked).rejects.toMatchObject({ code });
    if (code !== 'TIMEOUT') await expect(asked).rejects.toThrow('the quota is spent');
  });

  it('of 20 may say which kind of no it is', async () => {
    const text = said({ error: 'not-found' });

    await expect(provider.list(aShell(`printf '%s' '${text}'; exit 20`))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('counts for nothing where a signal ended it', async () => {
    await expect(provider.list(aShell(`printf '%s' '${said({ machines: [] })}'; kill -9 $$`))).rejects.toMatchObject({
      code: 'IO',
    });
  });

  it('of 10 has a drain asked again until it is done', async () => {
    const file = join(aDirectory(), 'asked');
    const done = said({ operation: 'drain' });
    const group = aShell(`cat >> ${file}; [ "$(wc -l < ${file})" -ge 2 ] || exit 10; printf '%s' '${done}'`);

    await provider.drain(group, 'm-1', { key: 'r-1', timeoutMs: 60_000 });

    const asked = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ operation: 'drain', providerId: 'm-1', key: 'r-1' });
  });

  it('of 10 ends a drain at its time', async () => {
    await expect(provider.drain(aShell('exit 10'), 'm-1', { key: 'r-1', timeoutMs: 1 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});

describe('a program', () => {
  it('is asked on its standard input, without a shell and in a clean environment', async () => {
    const file = join(aDirectory(), 'seen');
    const script = `cat > ${file}; env | sort >> ${file}; printf '%s' '${said({ machines: [] })}'`;
    process.env['PRISTINE_SECRET_OF_THE_SERVER'] = 'leaked';

    await provider.list(aShell(script, { env: { REGION: '$(id) ;' } }));

    delete process.env['PRISTINE_SECRET_OF_THE_SERVER'];
    const [request = '', ...env] = readFileSync(file, 'utf8').trim().split('\n');
    expect(JSON.parse(request)).toEqual({
      schema: 'pristine.provider-request/1',
      operation: 'list',
      group: 'web',
      labels: {},
    });
    expect(env).toContain('REGION=$(id) ;');
    expect(env.join()).not.toContain('leaked');
  });

  it('that never ends is ended at its time, with all that it began', async () => {
    const file = join(aDirectory(), 'pids');
    const group = aShell(`sleep 1000 & echo $! > ${file}; echo $$ >> ${file}; wait`, { timeout: '1s' });

    await expect(provider.list(group)).rejects.toMatchObject({ code: 'TIMEOUT' });

    const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    await until(() => pids.every(isStopped));
  });

  it('that ends and leaves another behind, which holds its output, is not waited for, and the other ends', async () => {
    const file = join(aDirectory(), 'pid');
    const group = aShell(`printf '%s' '${said({ machines: [machine] })}'; sleep 1000 & echo $! > ${file}`);

    expect(await provider.list(group)).toEqual([machine]);

    await until(() => isStopped(Number(readFileSync(file, 'utf8'))));
  });

  it('whose child left its group and holds its output is not waited for', async () => {
    const file = join(aDirectory(), 'pid');
    const group = aShell(
      `setsid sh -c 'echo $$ > ${file}; exec sleep 30' & while [ ! -s ${file} ]; do :; done; printf '%s' '${said({ machines: [] })}'`,
    );

    expect(await provider.list(group)).toEqual([]);

    process.kill(Number(readFileSync(file, 'utf8')));
  });

  it('that does not read what it is asked may answer all the same', async () => {
    expect(await provider.list(aShell(`exec < /dev/null; printf '%s' '${said({ machines: [] })}'`))).toEqual([]);
  });

  it('that says much on standard error says the beginning of it', async () => {
    const asked = provider.list(aShell("head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1"));

    await expect(asked).rejects.toMatchObject({ code: 'IO' });
    await expect(asked).rejects.toSatisfy((error: Error) => error.message.length < 3_000);
  });

  it('that is not there says so', async () => {
    const group = aGroup({ provider: { type: 'command', command: ['/nowhere/cloud'], env: {}, timeout: '20s' } });

    await expect(provider.list(group)).rejects.toMatchObject({ code: 'CONFIG' });
    expect(existsSync('/nowhere')).toBe(false);
  });

  it('has to be named by its path, and the time must be one', () => {
    const spec = { type: 'command', command: ['cloud'] };
    const group = (provider: object) => Group.safeParse({ kind: 'Group', name: 'web', provider }).success;

    expect(group(spec)).toBe(false);
    expect(group({ ...spec, command: ['/bin/cloud'] })).toBe(true);
    expect(group({ ...spec, command: ['/bin/cloud'], timeout: '0' })).toBe(false);
    expect(group({ ...spec, command: ['/bin/cloud'], env: { 'A=B': 'c' } })).toBe(false);
    expect(group({ ...spec, command: [] })).toBe(false);
  });
});
