import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { houseDir } from '../../packaging/run-command.ts';
import { Report } from '../../shared/report.ts';
import { debianRoot } from '../support/debian-root.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';

// One image build from install to purge: each test goes on where the one before it ended.
describe.skipIf(!isRoot)('the Debian package, in a chroot without /proc (needs root)', () => {
  let place: Scratch;
  let deb: string;
  let root: string;
  let before: string[];
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const inside = (...command: readonly string[]) =>
    spawnSync('chroot', [root, ...command], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  const succeed = (...command: readonly string[]) => {
    const { status, stdout, stderr } = inside(...command);
    expect(`${command.join(' ')}: ${status} ${status === 0 ? '' : stdout + stderr}`).toBe(`${command.join(' ')}: 0 `);
    return stdout;
  };

  beforeAll(() => {
    place = scratch();
    deb = build();
    root = place.overlay(debianRoot(), 'image');
    before = namesIn(root);
    copyFileSync(deb, join(root, 'tmp/agent.deb'));
  });
  afterAll(() => place.remove());

  it('has the same bytes when it is built again', () => {
    const first = readFileSync(deb);

    expect(readFileSync(build()).equals(first)).toBe(true);
  });

  it('installs', () => {
    succeed('dpkg', '-i', '/tmp/agent.deb');
    rmSync(join(root, 'tmp/agent.deb'));

    expect(succeed('dpkg', '--verify', 'pristine-agent')).toBe('');
    expect(succeed('pristine', '--version').trim()).toBe('0.1.0');
  });

  it('starts nothing and leaves no identity', () => {
    expect(processesIn(root)).toEqual([]);
    expect(existsSync(join(root, 'var/lib/pristine'))).toBe(false);
    expect(readdirSync(join(root, 'etc/pristine'))).toEqual(['agent.yaml.example']);
    expect(namesIn(root).filter((name) => /\.(key|pub)$/.test(name) && !before.includes(name))).toEqual([]);
  });

  it('is enabled, so that a first boot changes nothing', () => {
    const wanted = join(root, 'etc/systemd/system/multi-user.target.wants/pristine-agent.service');

    expect(readlinkSync(wanted)).toMatch(/^\/(usr\/)?lib\/systemd\/system\/pristine-agent\.service$/);
  });

  it('bakes the system it is installed in', () => {
    succeed('pristine', 'keygen', '--out', '/tmp/image');
    copyFileSync(join(root, 'tmp/image.pub'), join(root, 'etc/pristine/trusted.pub'));
    const manifest = '/usr/lib/pristine/manifest';
    succeed('pristine', 'bake', '--image', 'web', '--image-version', '7', '--out', manifest, '--key', '/tmp/image.key');
    rmSync(join(root, 'tmp/image.key'));

    expect(readdirSync(join(root, manifest)).sort()).toEqual([
      'blobs',
      'entries.ndjson.zst',
      'manifest.dsse.json',
      'rules.dsse.json',
    ]);
  });

  it('finds that system in sync, and changes nothing by looking', () => {
    const found = namesIn(root, true);

    const report = Report.parse(JSON.parse(succeed('pristine', 'verify', '--format', 'json')));

    expect(report.verdict).toBe('in_sync');
    expect(report.findings).toEqual([]);
    expect(report.coverage.holes).toEqual([]);
    expect(namesIn(root, true)).toEqual(found);
  });

  it('is whole as the user of the unit, who may read everything and change nothing', () => {
    const unit = readFileSync(join(houseDir, 'packaging/systemd/pristine-agent.service'), 'utf8');
    const names = /^AmbientCapabilities=(.*)$/m.exec(unit)![1]!.toLowerCase().split(' ');
    const right = names.map((name) => name.replace('cap_', '+')).join();
    const asUnit = ['setpriv', '--reuid=pristine', '--regid=pristine', '--clear-groups', '--no-new-privs'];

    succeed(...asUnit, `--inh-caps=-all,${right}`, `--ambient-caps=${right}`, 'pristine', 'verify');
  });

  it('is not misled by what is set for other Node programs', () => {
    succeed('env', 'NODE_OPTIONS=--require=/nowhere.js', 'NODE_PATH=/nowhere', 'pristine', 'verify');
  });

  it('finds one change', () => {
    appendFileSync(join(root, 'etc/issue'), 'changed\n');

    const { status, stdout } = inside('pristine', 'verify', '--format', 'json');

    const { findings } = Report.parse(JSON.parse(stdout));
    expect(status).toBe(1);
    expect(findings.map(({ name, change, attributes }) => ({ name, change, attributes }))).toEqual([
      { name: '/etc/issue', change: 'modified', attributes: ['content', 'size'] },
    ]);
  });

  it('leaves nothing behind when it is purged', () => {
    const users = readFileSync(join(debianRoot(), 'etc/passwd'), 'utf8');

    succeed('dpkg', '--purge', 'pristine-agent');

    // Backups and lock files of useradd and dpkg are theirs, not ours.
    const theirs = /^\/etc\/[a-z.]+-$|^\/etc\/\.pwd\.lock$|^\/var\/(lib\/dpkg|log)\/|^\/tmp\/image\.pub$/;
    expect(namesIn(root).filter((name) => !before.includes(name) && !theirs.test(name))).toEqual([]);
    expect(read('etc/passwd')).toBe(users);
  });
});

function build(): string {
  const program = join(houseDir, 'packaging/package.ts');
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1750000000' };
  return execFileSync(process.execPath, [program], { encoding: 'utf8', env }).trim();
}

/** Every name beneath the root; with `times`, also when it was last changed in any way. */
function namesIn(root: string, times = false): string[] {
  const format = times ? '/%P %C@\\n' : '/%P\\n';
  const text = execFileSync('find', [root, '-xdev', '-printf', format], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  return text.trimEnd().split('\n').sort();
}

function processesIn(root: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/root`).startsWith(root);
    } catch {
      // It ended while we looked.
      return false;
    }
  });
}
