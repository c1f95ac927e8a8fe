import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadIdentity } from '../../../agent/state/identity.ts';
import { openStateDirectory } from '../../../agent/state/state-directory.ts';
import { aDirectory } from '../../support/directory.ts';
import { until } from '../../support/until.ts';

let directory: string;
beforeEach(async () => {
  directory = join(aDirectory(), 'state');
});

describe('the state directory', () => {
  it('keeps its key and counts its starts', async () => {
    const first = await openStateDirectory(directory, () => ({}));
    await first.close();
    const second = await openStateDirectory(directory, () => ({}));
    await second.close();

    expect(second.identity.prove('nonce')).toEqual(first.identity.prove('nonce'));
    expect([first.boot.current, second.boot.current]).toEqual([1, 2]);
    expect((await stat(join(directory, 'identity.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('has one agent at a time, and a refused start counts nothing', async () => {
    const holder = await openStateDirectory(directory, () => ({}));

    await expect(openStateDirectory(directory, () => ({}))).rejects.toMatchObject({ code: 'CONFLICT' });

    expect(await readFile(join(directory, 'boot'), 'utf8')).toBe('1\n');
    await holder.close();
    await (await openStateDirectory(directory, () => ({}))).close();
  });

  it('is free again after its agent was killed', async () => {
    const script = `import { openStateDirectory } from ${JSON.stringify(new URL('../../../agent/state/state-directory.ts', import.meta.url).href)};
      await openStateDirectory(${JSON.stringify(directory)}, () => ({})); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect(openStateDirectory(directory, () => ({}))).rejects.toMatchObject({ code: 'CONFLICT' });

    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;

    const after = await openStateDirectory(directory, () => ({}));
    expect(after.boot.current).toBe(2);
    await after.close();
  });

  it.runIf(process.getuid?.() === 0)(
    'is free again after an agent in a pid namespace was killed, whose pid there is always 1',
    () => {
      const url = new URL('../../../agent/state/state-directory.ts', import.meta.url).href;
      const script = `const { openStateDirectory } = await import(${JSON.stringify(url)});
      console.log((await openStateDirectory(${JSON.stringify(directory)}, () => ({}))).boot.current); process.kill(process.pid, 'SIGKILL'); process.exit();`;
      const agent = ['--pid', '--fork', '--kill-child', process.execPath, '--input-type=module', '-e', script];

      const boots = [1, 2].map(() => spawnSync('unshare', agent, { encoding: 'utf8' }).stdout.trim());

      expect(boots).toEqual(['1', '2']);
    },
  );

  it('is not kept by a pid that another process has now', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    const kernelBoot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid: 1, start: '1234567', kernelBoot }));

    await (await openStateDirectory(directory, () => ({}))).close();
  });

  it('is not kept by an agent that has ended and that nobody has reaped', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    const statOf = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    await until(() => statOf()[2] === 'Z');
    const kernelBoot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid, start: statOf()[21], kernelBoot }));

    await (await openStateDirectory(directory, () => ({}))).close();
    parent.kill('SIGKILL');
  });

  it.each([
    ['no number', 'garbage'],
    ['nothing', ''],
    ['a number beyond counting', '9007199254740993'],
  ])('counts from the beginning when the counter holds %s', async (_what, content) => {
    await (await openStateDirectory(directory, () => ({}))).close();
    await writeFile(join(directory, 'boot'), content);

    const again = await openStateDirectory(directory, () => ({}));

    expect(again.boot.current).toBe(1);
    expect(await again.boot.raise(41)).toBe(42);
    await again.close();
    expect(await readFile(join(directory, 'boot'), 'utf8')).toBe('42\n');
  });

  it('removes what a killed agent left half-written', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    await writeFile(join(directory, '.tmp-00'), 'half');

    await (await openStateDirectory(directory, () => ({}))).close();

    await expect(stat(join(directory, '.tmp-00'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says which file a broken key is in, and what to do', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    await writeFile(join(directory, 'identity.key'), 'not a key');

    await expect(openStateDirectory(directory, () => ({}))).rejects.toMatchObject({
      code: 'KEY',
      message: expect.stringContaining(join(directory, 'identity.key')),
    });
    await rm(join(directory, 'identity.key'));
    await (await openStateDirectory(directory, () => ({}))).close();
  });

  it('makes one key when two first starts come together', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    await rm(join(directory, 'identity.key'));

    const identities = await Promise.all(Array.from({ length: 10 }, () => loadIdentity(directory)));

    expect(new Set(identities.map((identity) => identity.prove('nonce').publicKey)).size).toBe(1);
  });

  it.runIf(process.getuid?.() === 0)('says IO, with the path, when it cannot be used', async () => {
    await (await openStateDirectory(directory, () => ({}))).close();
    await chmod(directory, 0o700);
    const script = `import { openStateDirectory } from ${JSON.stringify(new URL('../../../agent/state/state-directory.ts', import.meta.url).href)};
      await openStateDirectory(${JSON.stringify(directory)}, () => ({})).catch((error) => console.log(error.code, error.message.includes(${JSON.stringify(directory)})));`;

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      uid: 65_534,
      gid: 65_534,
    });

    expect(stdout.trim()).toBe('IO true');
  });
});

describe('a key that another is to follow', () => {
  it('speaks with it, alone by turns while the server refuses, and gives way at the welcome', async () => {
    const state = await openStateDirectory(directory, () => ({}));
    const { identity } = state;
    const former = identity.prove('nonce').publicKey;
    expect(identity.refused()).toBe(false);
    await identity.prepareNext();
    const next = identity.prove('nonce').next?.publicKey;
    const spoken = [];
    for (let refusals = 0; refusals < 3; refusals += 1) {
      spoken.push(identity.prove('nonce').publicKey);
      expect(identity.refused()).toBe(true);
    }

    expect(spoken).toEqual([former, next, former]);
    await identity.welcomed();
    expect(identity.prove('nonce')).toMatchObject({ publicKey: next });
    expect((await loadIdentity(directory)).prove('nonce')).toEqual(identity.prove('nonce'));
    await state.close();
  });
});
