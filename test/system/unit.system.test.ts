import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { houseDir } from '../../packaging/run-command.ts';
import { type Booted, boot } from '../support/booted.ts';
import { debianRoot } from '../support/debian-root.ts';
import { knownIn } from '../support/known-state.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const unitFile = join(houseDir, 'packaging/systemd/pristine-agent.service');
const unit = 'pristine-agent.service';
const installed = `lib/systemd/system/${unit}`;

// One machine from boot to the end of its agent: each test goes on where the one before it ended.
describe.skipIf(!isRoot)('the unit, under a systemd of its own (needs root)', () => {
  let place: Scratch;
  let root: string;
  let machine: Booted | undefined;
  const inside = (...command: readonly string[]) => machine!.inside(...command).stdout.trim();
  const property = (name: string, of = unit) => inside('systemctl', 'show', '--value', '-p', name, of);
  const settings = (...lines: readonly string[]) => {
    const folder = join(root, `etc/systemd/system/${unit}.d`);
    mkdirSync(folder, { recursive: true });
    appendFileSync(join(folder, 'test.conf'), `${lines.join('\n')}\n`);
    inside('systemctl', 'daemon-reload');
  };

  beforeAll(async () => {
    place = scratch();
    // As fanotify needs it of an overlay.
    root = place.overlay(debianRoot({ include: ['systemd'] }), 'machine', 'index=on,nfs_export=on');
    const chroot = (...command: readonly string[]) =>
      execFileSync('chroot', [root, ...command], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      });
    const deb = execFileSync(process.execPath, [join(houseDir, 'packaging/package.ts')], { encoding: 'utf8' }).trim();
    copyFileSync(deb, join(root, 'var/agent.deb'));
    chroot('dpkg', '-i', '/var/agent.deb');
    rmSync(join(root, 'var/agent.deb'));
    chroot('pristine', 'keygen', '--out', '/var/image');
    copyFileSync(join(root, 'var/image.pub'), join(root, 'etc/pristine/trusted.pub'));
    const manifest = '/usr/lib/pristine/manifest';
    chroot('pristine', 'bake', '--image', 'web', '--image-version', '7', '--out', manifest, '--key', '/var/image.key');
    writeFileSync(join(root, 'etc/pristine/agent.yaml'), 'server: ws://127.0.0.1:9\n');
    copyFileSync(join(houseDir, 'test/fixtures/unit-probe.cjs'), join(root, 'var/probe.cjs'));
    machine = await boot(root);
  });
  afterAll(() => {
    machine?.shutDown();
    place?.remove();
  });

  it('has no word that systemd does not know', ({ skip }) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) skip('no systemd here');
    const copy = join(place.folder('verify'), unit);
    writeFileSync(copy, readFileSync(unitFile, 'utf8').replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'));

    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });

    expect([status, stdout + stderr]).toEqual([0, '']);
  });

  it('is started once the agent watches, by marks of whole filesystems, and says how it is', async ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');

    await until(() => property('ActiveState') === 'active');

    expect(property('StatusText')).toContain('fanotify watching');
    await until(() => /^(in_sync|drifted): \d+ findings, .* against web@7; swept /.test(property('StatusText')));
  });

  it('runs as its user with four rights, all of them to look, in the mount namespace of the machine', ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');
    const pid = property('MainPID');

    const status = inside('cat', `/proc/${pid}/status`);

    // CAP_DAC_READ_SEARCH (2), CAP_NET_ADMIN (12), CAP_SYS_PTRACE (19), CAP_SYS_ADMIN (21).
    const rights = [2, 12, 19, 21].reduce((sum, bit) => sum + 2 ** bit, 0);
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\\t${rights.toString(16).padStart(16, '0')}$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(inside('stat', '-c', '%U', `/proc/${pid}`)).toBe('pristine');
    expect(inside('readlink', `/proc/${pid}/ns/mnt`)).toBe(inside('readlink', '/proc/1/ns/mnt'));
  });

  it('lets through what it watches by, and nothing else that those rights would open', async ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');
    const text = readFileSync(join(root, installed), 'utf8');
    const probe = text
      .replace(/^ExecStart=.*$/m, 'ExecStart=/usr/lib/pristine/bin/node /var/probe.cjs')
      .replace(/^Type=.*$/m, 'Type=oneshot')
      .replace(/^Restart.*\n|^Watchdog.*\n|^NotifyAccess.*\n/gm, '');
    writeFileSync(join(root, 'etc/systemd/system/probe.service'), probe);
    inside('systemctl', 'daemon-reload');

    inside('systemctl', 'start', 'probe.service');

    const said = JSON.parse(inside('cat', '/var/lib/pristine/probe.json')) as Record<string, number>;
    const through = [
      'fanotify_init',
      'fanotify_mark',
      'name_to_handle_at',
      'open_by_handle_at',
      'netlink',
      'connector',
    ];
    const shut = Object.keys(said).filter((name) => !through.includes(name));
    expect(shut.length).toBeGreaterThan(12);
    const eperm = 1;
    expect(said).toEqual({
      ...Object.fromEntries(through.map((name) => [name, 0])),
      ...Object.fromEntries(shut.map((name) => [name, eperm])),
    });
  });

  it('tells of a drop-in that gives it mounts of its own, which is nothing that rules could silence', async ({
    skip,
  }) => {
    if (machine === undefined) skip('systemd does not come up here');
    const known = () => knownIn(inside('cat', '/var/lib/pristine/known-state.ndjson'));
    expect(known().holes).toEqual([]);
    const folder = `/run/systemd/system/${unit}.d`;
    const dropIn = `mkdir -p ${folder}; printf '[Service]\\nPrivateMounts=yes\\n' >${folder}/private.conf`;
    // What lies in /run only those inside see.
    inside('sh', '-c', dropIn);
    inside('systemctl', 'daemon-reload');

    inside('systemctl', 'restart', unit);

    const isHole = { subject: 'file', name: '/proc/self/ns/mnt', reason: 'private-namespace' };
    await until(() => known().holes.some(({ reason }) => reason === 'private-namespace'));
    expect(known().holes).toContainEqual(isHole);
    expect(known().open).toContainEqual(
      expect.objectContaining({
        ...{ name: `/run/systemd/system/${unit}.d/private.conf`, change: 'added' },
        ...{ severity: 'critical', rule: 'guard agent' },
      }),
    );
    inside('rm', '-r', folder);
    inside('systemctl', 'daemon-reload');
    inside('systemctl', 'restart', unit);
    await until(() => known().holes.length === 0);
  });

  it('stops within its time, and says so', async ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');

    inside('systemctl', 'stop', unit);

    expect([property('ActiveState'), property('Result'), property('ExecMainStatus')]).toEqual([
      'inactive',
      'success',
      '0',
    ]);
  });

  it('is killed when its loop no longer turns, and begins anew', async ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');
    settings('[Service]', 'WatchdogSec=4s', 'RestartSec=100ms');
    inside('systemctl', 'start', unit);
    const pid = property('MainPID');

    inside('systemctl', 'kill', '--kill-who=main', '--signal=STOP', unit);

    await until(() => property('NRestarts') === '1');
    await until(() => property('ActiveState') === 'active');
    expect(property('MainPID')).not.toBe(pid);
    expect(inside('find', '/var/lib/systemd/coredump', '-type', 'f')).toBe('');
  });

  it('lives as long as its loop turns, also by a short watchdog', async ({ skip }) => {
    if (machine === undefined) skip('systemd does not come up here');
    const pid = property('MainPID');

    await new Promise((resolve) => setTimeout(resolve, 9_000));

    expect([property('MainPID'), property('ActiveState')]).toEqual([pid, 'active']);
  });
});
