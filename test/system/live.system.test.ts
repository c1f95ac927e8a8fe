import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../shared/report.ts';
import { debianRoot } from '../support/debian-root.ts';
import { bakeInto, installAgent, type LiveMachine, startMachine } from '../support/live-machine.ts';
import { isRoot, quoted } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { aWorkbench } from '../support/workbench.ts';

/** Real processes on a machine of their own, whose root is a Debian with a manifest. */
describe.skipIf(!isRoot)('what runs on a live root (needs root)', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let machine: LiveMachine;

  beforeAll(async () => {
    root = place.overlay(debianRoot(), 'root');
    await installAgent(root, keys);
    mkdirSync(join(root, 'srv/other'), { recursive: true });
    execFileSync('chroot', [root, 'sh', '-ec', withLibraries]);
    writeFileSync(join(root, 'usr/local/bin/memory'), memoryProgram, { mode: 0o755 });
    cpSync(join(root, 'usr/bin/sleep'), join(root, 'usr/local/bin/baked'));
    const config = join(place.dir, 'pristine.yaml');
    writeFileSync(config, rules);
    await bakeInto(place, keys, root, '/usr/lib/pristine/manifest', config);
    machine = await startMachine(root);
  });
  afterAll(() => {
    machine?.stop();
  });

  const copied = (path: string) => `cp /usr/bin/sleep ${path}`;

  it('is in sync while only baked programs run, and says that it looked', () => {
    const { code, report } = machine.verify();

    expect(report.findings).toEqual([]);
    expect(report.coverage.holes).toEqual([]);
    expect(report.coverage.live).toBe(true);
    expect(code).toBe(0);
  });

  it('is left alone where the same tree is only a directory', () => {
    const { stdout } = machine.run(
      ...['/usr/lib/pristine/bin/node', '/usr/lib/pristine/pristine.js', 'verify', '--format', 'json'],
      ...['--root', '/srv', '--manifest', '/usr/lib/pristine/manifest', '--pub', '/etc/pristine/trusted.pub'],
    );

    expect((JSON.parse(stdout) as Report).coverage.live).toBe(false);
  });

  it('names a program that was copied there, once for all its processes', async () => {
    machine.run('sh', '-c', copied('/tmp/x'));
    const running = [await machine.start('/tmp/x', '/tmp/x', '600'), await machine.start('/tmp/x', '/tmp/x', '601')];

    const { report } = machine.verify();

    expect(liveOf(report)).toEqual(['process /tmp/x not-baked high']);
    await Promise.all(running.map(({ stop }) => stop()));
    expect(liveOf(machine.verify().report)).toEqual([]);
  });

  it('is looked at by every sweep of the agent, and files where they have changed', async () => {
    const settings = { server: 'ws://127.0.0.1:9', joinTokenFile: '/tmp/token', sweepEvery: '1s', watch: false };
    writeFileSync(join(root, 'tmp/agent.yaml'), JSON.stringify(settings));
    const node = '/usr/lib/pristine/bin/node';
    const command = `exec ${node} /usr/lib/pristine/pristine.js run --config /tmp/agent.yaml 2>/tmp/agent.log`;
    const agent = await machine.start(node, 'sh', '-c', command);
    /** The second from now on has begun after what was done before. */
    const nextFindings = async () => {
      const before = sweepsIn(join(root, 'tmp/agent.log')).length;
      await until(() => sweepsIn(join(root, 'tmp/agent.log')).length > before + 1);
      return sweepsIn(join(root, 'tmp/agent.log')).at(-1);
    };
    await until(() => sweepsIn(join(root, 'tmp/agent.log')).at(-1)?.kind === 'quick-sweep');
    const before = (await nextFindings())!;
    expect(before).toMatchObject({ kind: 'quick-sweep', holes: 0 });

    machine.run('sh', '-c', copied('/tmp/y'));
    const running = await machine.start('/tmp/y', '/tmp/y', '600');
    machine.run(
      'sh',
      '-c',
      'mv /usr/bin/tac /usr/bin/tac.was; chmod 600 /etc/issue; echo eve:x:0:0::/:/bin/sh >> /etc/passwd',
    );
    // The program, its process, tac gone, tac.was, issue, passwd, the user.
    expect(await nextFindings()).toMatchObject({ findings: before.findings + 7 });

    await running.stop();
    machine.run(
      'sh',
      '-c',
      'rm /tmp/y; mv /usr/bin/tac.was /usr/bin/tac; sed -i /eve/d /etc/passwd; chmod 644 /etc/issue',
    );
    await nextFindings();
    expect(await nextFindings()).toMatchObject({ findings: before.findings });
    await agent.stop();
  });

  it('names a program that was deleted, and one that was replaced', async () => {
    machine.run('sh', '-c', copied('/tmp/gone'));
    const gone = await machine.start('/tmp/gone', '/tmp/gone', '600');
    const baked = await machine.start('/usr/local/bin/baked', '/usr/local/bin/baked', '600');
    machine.run(
      'sh',
      '-c',
      `rm /tmp/gone; ${copied('/usr/local/bin/new')}; mv /usr/local/bin/new /usr/local/bin/baked`,
    );

    const { report } = machine.verify();

    expect(liveOf(report)).toEqual([
      'process /tmp/gone deleted critical',
      'process /usr/local/bin/baked replaced high',
    ]);
    await gone.stop();
    await baked.stop();
  });

  it('names a program that never was a file', async () => {
    const node = '/usr/lib/pristine/bin/node';
    const running = await machine.start('/memfd:a b (deleted)', node, '/usr/local/bin/memory', 'a b', 'more');
    const copy = await machine.start('/memfd:copy (deleted)', node, '/usr/local/bin/memory', 'copy', '');

    const { report } = machine.verify();

    // As `runc` does it: byte for byte a program of the image, which might as well run from its file.
    expect(liveOf(report)).toEqual(['process memfd:a b memfd critical']);
    await running.stop();
    await copy.stop();
  });

  it('names a library that got into our own process', () => {
    machine.run('sh', '-c', 'cp "$(ldd /usr/bin/sleep | grep -o "/[^ ]*libc[^ ]*")" /tmp/evil.so');

    machine.run('sh', '-c', 'echo /tmp/evil.so >/etc/ld.so.preload');

    const { report } = machine.verify();

    machine.run('rm', '/etc/ld.so.preload');
    expect(liveOf(report)).toEqual(['loaded-library /tmp/evil.so not-baked critical']);
    expect(liveOf(machine.verify().report)).toEqual([]);
  });

  it('names what of an environment was to change our own process, which begins without', () => {
    machine.run('sh', '-c', 'cp "$(ldd /usr/bin/sleep | grep -o "/[^ ]*libc[^ ]*")" /tmp/evil.so');

    const { report } = machine.verify(['env', 'LD_PRELOAD=/tmp/evil.so', 'NODE_OPTIONS=--no-warnings']);

    expect(liveOf(report)).toEqual(['environment LD_PRELOAD  critical', 'environment NODE_OPTIONS  critical']);
    expect(liveOf(machine.verify().report)).toEqual([]);
  });

  it('names it too where what it loaded tries to hide it, in the agent as in its sweep', async () => {
    writeFileSync(join(root, 'tmp/hide.cjs'), 'delete process.env.NODE_OPTIONS;');
    const hidden = 'NODE_OPTIONS=--require=/tmp/hide.cjs';

    const { report } = machine.verify(['env', hidden]);
    expect(liveOf(report)).toEqual(['environment NODE_OPTIONS  critical']);

    const settings = { server: 'ws://127.0.0.1:9', stateDir: '/tmp/hidden', watch: false };
    writeFileSync(join(root, 'tmp/hidden.yaml'), JSON.stringify(settings));
    const node = '/usr/lib/pristine/bin/node';
    const command = ['/usr/lib/pristine/pristine.js', 'run', '--config', '/tmp/hidden.yaml'];
    const agent = await machine.start(node, 'env', hidden, node, ...command);
    const known = () => readFileSync(join(root, 'tmp/hidden/known-state.ndjson'), 'utf8');
    await until(() => existsSync(join(root, 'tmp/hidden/known-state.ndjson')));
    expect(known()).toContain('"subject":"environment","name":"NODE_OPTIONS"');
    await agent.stop();
  });

  it('is not misled by a file that is called deleted', async () => {
    machine.run('sh', '-c', copied("'/tmp/x (deleted)'"));
    const running = await machine.start('/tmp/x (deleted)', '/tmp/x (deleted)', '600');

    const { report } = machine.verify();

    expect(liveOf(report)).toEqual(['process /tmp/x (deleted) not-baked high']);
    await running.stop();
  });

  it('leaves a container alone and counts it, and names who has our root in another mount namespace', async () => {
    machine.run('sh', '-c', copied('/tmp/outside'));
    machine.run('sh', '-c', copied('/srv/other/x'));
    const contained = await machine.start('/srv/other/x', ...apart('exec chroot /srv/other /x 600'));
    const outside = await machine.start('/tmp/outside', ...apart('exec /tmp/outside 600'));
    const hidden = await machine.start(
      '/mnt/h',
      ...apart(`mount -t tmpfs tmpfs /mnt; ${copied('/mnt/h')}; exec /mnt/h 600`),
    );

    const { report } = machine.verify();

    expect(liveOf(report)).toEqual(['process /mnt/h hidden critical', 'process /tmp/outside not-baked high']);
    expect(report.coverage.skipped).toContainEqual({ name: 'process', rule: 'processes of containers: 1' });
    await Promise.all([contained, outside, hidden].map(({ stop }) => stop()));
  });

  it('names a program of a chroot, and counts those where rules look at nothing', async () => {
    const chrooted = await machine.start('/srv/other/x', 'chroot', '/srv/other', '/x', '600');
    machine.run('sh', '-c', `mkdir -p /opt/theirs; ${copied('/opt/theirs/y')}; ${copied('/opt/known')}`);
    const theirs = await machine.start('/opt/theirs/y', '/opt/theirs/y', '600');
    const known = await machine.start('/opt/known', '/opt/known', '600');

    const { report } = machine.verify();

    expect(liveOf(report)).toEqual(['process /srv/other/x not-baked high']);
    expect(report.coverage.skipped).toContainEqual({
      name: 'process',
      rule: 'programs where rules look at nothing: 1',
    });
    await Promise.all([chrooted, theirs, known].map(({ stop }) => stop()));
  });

  it('is a hole for who may not see what runs, and none with the rights of the unit', () => {
    const as = (...rights: readonly string[]) => [
      ...['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--no-new-privs'],
      ...[`--inh-caps=-all,${rights.join()}`, `--ambient-caps=${rights.join()}`],
    ];

    const blind = machine.verify(as('+dac_read_search')).report.coverage;
    const seeing = machine.verify(as('+dac_read_search', '+sys_ptrace')).report.coverage;

    expect(blind.holes).toEqual([{ subject: 'process', name: '/proc', reason: 'unreadable' }]);
    expect(seeing.holes).toEqual([]);
  });

  it('is a hole for who is in a mount namespace of its own', () => {
    const { report } = machine.verify(['unshare', '--mount']);

    expect(report.coverage.holes).toEqual([
      { subject: 'file', name: '/proc/self/ns/mnt', reason: 'private-namespace' },
    ]);
  });

  it('is not looked at in a chroot that only borrows /proc', async () => {
    const other = place.overlay(root, 'other');
    place.mount(['--bind', '/proc'], join(other, 'proc'));

    const stdout = execFileSync('sh', ['-c', `chroot ${quoted(other)} ${verifyCommand.join(' ')} || test $? = 1`], {
      encoding: 'utf8',
    });

    const report = JSON.parse(stdout) as Report;
    expect(report.coverage.live).toBe(false);
    expect(liveOf(report)).toEqual([]);
  });

  it('is what the rules declare to listen, by whom they say, or a finding', async () => {
    const listen = (kind: string, port: number) =>
      `require('node:${kind}').${kind === 'net' ? 'createServer().listen' : "createSocket('udp4').bind"}(${port})`;
    const node = '/usr/lib/pristine/bin/node';
    const config = join(place.dir, 'listening.yaml');
    writeFileSync(
      config,
      `listening:\n  - {socket: tcp/7001, program: ${node}}\n  - {socket: tcp/7002, program: /usr/sbin/other}\n`,
    );
    await bakeInto(place, keys, root, '/run/listening', config);
    const script = [
      listen('net', 7001),
      listen('net', 7002),
      listen('net', 7003),
      listen('dgram', 68),
      listen('dgram', 0),
    ];
    const running = await machine.start(node, node, '-e', script.join(';'));

    const { report } = machine.verify([], '/run/listening');
    const undeclared = machine.verify();

    await running.stop();
    expect(
      report.findings.filter(({ subject }) => subject === 'listening-socket').map(({ name, actual }) => [name, actual]),
    ).toEqual([
      ['tcp/7002', { programs: [node], reach: 'network' }],
      ['tcp/7003', { programs: [node], reach: 'network' }],
      ['udp/68', { programs: [node], reach: 'network' }],
    ]);
    expect(report.coverage.skipped).toContainEqual({
      name: 'listening-socket',
      rule: 'udp sockets on ports for clients: 1',
    });
    expect(undeclared.report.coverage.skipped).toContainEqual({
      name: 'listening-socket',
      rule: 'the rules declare none: `listening`',
    });
  });

  it('is a kernel of the image, or a finding', async () => {
    const kernels = join(root, 'usr/lib/modules');
    const bakeWith = async (name: string) => {
      mkdirSync(join(kernels, name), { recursive: true });
      await bakeInto(place, keys, root, `/run/${name}`);
      const { report } = machine.verify([], `/run/${name}`);
      rmSync(join(kernels, name), { recursive: true });
      return liveOf(report).filter((line) => line.startsWith('kernel'));
    };

    expect(await bakeWith(release())).toEqual([]);
    expect(await bakeWith('1.2.3-other')).toEqual(['kernel-running kernel  high']);
  });
});

const verifyCommand = ['/usr/lib/pristine/bin/node', '/usr/lib/pristine/pristine.js', 'verify', '--format', 'json'];

const rules = `rules:
  - {match: [/opt/theirs], as: foreign, reason: another team's}
  - {match: [/opt/known], as: ephemeral, override: process, reason: it updates itself}
`;

/** As much of a system as `sleep` needs. */
const withLibraries =
  "for file in $(ldd /usr/bin/sleep | grep -o '/[^ ]*'); do cp --parents --dereference $file /srv/other; done";

/** Runs a copy of sleep from memory alone. */
const memoryProgram = `
const koffi = require('/usr/lib/pristine/node_modules/koffi');
const { readFileSync, writeSync } = require('node:fs');
const libc = koffi.load(null);
const fd = libc.func('int memfd_create(const char *, unsigned int)')(process.argv[2], 0);
writeSync(fd, Buffer.concat([readFileSync('/usr/bin/sleep'), Buffer.from(process.argv[3])]));
libc.func('int fexecve(int, const char **, const char **)')(fd, ['sleep', '600', null], [null]);
`;

function apart(script: string): readonly string[] {
  return ['unshare', '--mount', 'sh', '-ec', script];
}

/** What runs and should not, one line each. */
function liveOf({ findings }: Report): string[] {
  return findings
    .filter(({ subject }) => ['environment', 'process', 'kernel-running', 'loaded-library'].includes(subject))
    .map(({ subject, name, actual, severity }) => `${subject} ${name} ${actual['state'] ?? ''} ${severity}`)
    .sort();
}

/** What the agent's log says of each sweep. */
function sweepsIn(
  log: string,
): readonly { readonly kind: string; readonly findings: number; readonly holes: number }[] {
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'swept')
    .map(({ kind, findings, holes }) => ({ kind, findings, holes }));
}
