import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createPlaces } from '../../server/provider/local/place.ts';
import { mountsAt, pidsWithArgument } from '../../server/provider/local/processes.ts';
import { describeProvider, request } from '../contract/provider.ts';
import { aLocalBench, type LocalBench } from '../support/local-bench.ts';
import { until } from '../support/until.ts';

describeProvider('local, as an overlay', () => aLocalBench({ privileged: true }));

describe.each([
  ['as an overlay', true],
  ['as a copy', false],
])('local, %s', (_, privileged) => {
  const benches: LocalBench[] = [];
  const owners: ChildProcess[] = [];
  afterEach(async () => {
    for (const owner of owners.splice(0)) owner.kill('SIGKILL');
    for (const bench of benches.splice(0)) await bench.close();
  });
  const aBench = async () => {
    const bench = await aLocalBench({ privileged });
    benches.push(bench);
    return bench;
  };

  it('shows the image, takes changes, and leaves the image alone', async () => {
    const bench = await aBench();
    execFileSync('chmod', ['0751', bench.root]);
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const root = join(bench.directory, providerId, 'root');

    writeFileSync(join(root, 'etc/config'), 'changed');

    expect(readFileSync(join(root, 'etc/other'), 'utf8')).toBe('baked too');
    expect(statSync(root).mode & 0o7777).toBe(0o751);
    expect(readFileSync(join(bench.root, 'etc/config'), 'utf8')).toBe('baked');
  });

  it('lists a machine whose agent died as stopped, and does not revive it', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    for (const pid of agentsOf(bench, providerId)) kill(pid);
    await until(() => agentsOf(bench, providerId).length === 0);

    const again = await bench.provider.launch(request(bench, 'r-1'));

    expect(again.state).toBe('stopped');
    expect((await bench.provider.list(bench.group)).map(({ state }) => state)).toEqual(['stopped']);
  });

  it('leaves no process, mount or folder behind', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const directory = join(bench.directory, providerId);
    const running = agentsOf(bench, providerId).length;

    await bench.provider.terminate(bench.group, providerId);

    expect(running).toBeGreaterThan(0);
    expect(agentsOf(bench, providerId)).toEqual([]);
    expect(mountsAt(bench.directory)).toEqual([]);
    expect([existsSync(directory), readdirSync(bench.directory)]).toEqual([false, []]);
  });

  it('terminates while somebody stands in its root', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const visitor = spawn('sleep', ['1000'], { cwd: join(bench.directory, providerId, 'root') });
    owners.push(visitor);
    await once(visitor, 'spawn');

    await bench.provider.terminate(bench.group, providerId);

    expect(await bench.provider.list(bench.group)).toEqual([]);
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  it('ends with its owner, and the next start sweeps what is left', async () => {
    const bench = await aBench();
    const owner = spawn('sleep', ['1000']);
    owners.push(owner);
    await once(owner, 'spawn');
    const owned = bench.groupWith({ ownerPid: owner.pid! });
    const { providerId } = await bench.provider.launch({ ...request(bench, 'r-1'), group: owned });
    const other = await bench.provider.launch(request(bench, 'r-2'));

    owner.kill('SIGKILL');
    await until(() => agentsOf(bench, providerId).length === 0);
    await bench.reopen().recover(owned);

    expect(await bench.provider.list(owned)).toEqual([other]);
    expect(existsSync(join(bench.directory, providerId))).toBe(false);
    expect(mountsAt(join(bench.directory, providerId))).toEqual([]);
  });

  it('refuses an owner that has ended', async () => {
    const bench = await aBench();
    const owner = spawn('true');
    await once(owner, 'exit');
    const owned = bench.groupWith({ ownerPid: owner.pid! });

    await expect(bench.provider.launch({ ...request(bench, 'r-1'), group: owned })).rejects.toMatchObject({
      code: 'CONFIG',
    });
    expect(await bench.provider.list(owned)).toEqual([]);
  });

  it('makes anew what a crash left half made', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const place = createPlaces(bench.directory).ofId(providerId);
    place.write({ ...place.read()!, state: 'preparing' });
    const before = await bench.provider.list(bench.group);

    const machine = await bench.reopen().launch({ ...request(bench, 'r-1'), joinToken: 'pst_second' });

    expect(before.map(({ state }) => state)).toEqual(['starting']);
    expect(machine.state).toBe('running');
    expect(readFileSync(join(place.agent, 'token'), 'utf8')).toBe('pst_second');
    expect(mountsAt(bench.directory)).toHaveLength(privileged ? 1 : 0);
  });

  it('shows its disk to who looks, and takes away at the next start what a dead server was looking at', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const { root, directory } = createPlaces(bench.directory).ofId(providerId);
    const left = join(directory, 'view-of-a-dead-server');
    mkdirSync(left);
    if (privileged) execFileSync('mount', ['--bind', root, left]);
    const snapshot = await bench.provider.snapshot(bench.group, providerId);

    await bench.reopen().recover(bench.group);

    expect(readFileSync(join(snapshot.root, 'etc/config'), 'utf8')).toBe('baked');
    await snapshot.dispose();
    expect(readdirSync(directory).filter((name) => name.startsWith('view-'))).toEqual([]);
    expect(readFileSync(join(root, 'etc/config'), 'utf8')).toBe('baked');
    expect(mountsAt(directory)).toHaveLength(privileged ? 1 : 0);
  });

  it('finishes at the next start what it was terminating', async () => {
    const bench = await aBench();
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const place = createPlaces(bench.directory).ofId(providerId);
    place.write({ ...place.read()!, state: 'terminating' });

    await bench.reopen().recover(bench.group);

    expect(await bench.provider.list(bench.group)).toEqual([]);
    expect(readdirSync(bench.directory)).toEqual([]);
  });
});

describe('local', () => {
  it('lets nobody change a machine through the view of its disk, and shows no mount that lies on it', async () => {
    const bench = await aLocalBench({ privileged: true });
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));
    const { root } = createPlaces(bench.directory).ofId(providerId);
    const original = join(bench.place.dir, 'original');
    writeFileSync(original, 'original');
    writeFileSync(join(root, 'etc/config'), 'changed');
    execFileSync('mount', ['--bind', original, join(root, 'etc/config')]);

    const snapshot = await bench.provider.snapshot(bench.group, providerId);

    expect(readFileSync(join(root, 'etc/config'), 'utf8')).toBe('original');
    expect(readFileSync(join(snapshot.root, 'etc/config'), 'utf8')).toBe('changed');
    expect(() => writeFileSync(join(snapshot.root, 'etc/other'), 'x')).toThrow('EROFS');
    await snapshot.dispose();
    await bench.close();
  });

  it('gives each agent a pid namespace of its own', async () => {
    const bench = await aLocalBench({ privileged: true });
    const { providerId } = await bench.provider.launch(request(bench, 'r-1'));

    const namespaces = () => new Set(agentsOf(bench, providerId).map((pid) => namespaceOf(pid)));
    await until(() => namespaces().size === 2);

    expect(namespaces()).toContain(namespaceOf(process.pid));
    await bench.close();
  });
});

/** Of its shell and of unshare it is ours. */
function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

function agentsOf({ directory }: LocalBench, providerId: string): readonly number[] {
  return pidsWithArgument(createPlaces(directory).ofId(providerId).agentConfig);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended with the one before.
  }
}
