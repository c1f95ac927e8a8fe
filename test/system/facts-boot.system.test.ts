import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectFacts } from '../../agent/collect/facts/collector.ts';
import { collectors } from '../../agent/collect/facts/collectors.ts';
import { directoryRoot } from '../../agent/collect/root.ts';
import type { FactEntry, FactOf, FactSubject } from '../../shared/fact.ts';
import { rawOf } from '../../shared/name.ts';
import { debianRoot } from '../support/debian-root.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';

const include = ['systemd', 'cron', 'at', 'openssh-server'];
const service = '[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\n';

describe.skipIf(!isRoot)('what a Debian is configured to start (needs root)', { timeout: 300_000 }, () => {
  let place: Scratch;
  let debian: string;

  beforeAll(() => {
    place = scratch();
    debian = debianRoot({ include });
  }, 600_000);
  afterAll(() => place?.remove());

  it('is what systemctl says of each unit file, as it is shipped', () => {
    const listed = unitFiles(debian);

    expect(listed.size).toBeGreaterThan(150);
    expect(statesOf(debian, listed.keys())).toEqual(Object.fromEntries(listed));
  });

  it('is what systemctl says after it has enabled, disabled, masked and linked', () => {
    const root = place.overlay(debian, 'changed');
    write(root, 'opt/extra.service', service);
    const before = unitFiles(root);
    for (const command of [
      'disable cron.service',
      'mask atd.service',
      'mask --runtime fstrim.timer',
      'enable ssh.socket systemd-networkd.service',
      'enable --runtime debug-shell.service',
      'enable getty@tty5.service serial-getty@ttyS0.service',
      'link /opt/extra.service',
      'add-wants sysinit.target systemd-networkd-wait-online@eth0.service',
      'add-requires sysinit.target console-getty.service',
      'set-default multi-user.target',
      'disable getty@.service',
    ]) {
      systemctl(root, command.split(' '));
    }

    const listed = unitFiles(root);

    const changed = [...listed].filter(([name, state]) => before.get(name) !== state);
    expect(changed.length).toBeGreaterThan(8);
    expect(statesOf(root, listed.keys())).toEqual(Object.fromEntries(listed));
    // Instances have no file of their own, and is-enabled knows them all the same.
    for (const name of ['serial-getty@ttyS0.service', 'systemd-networkd-wait-online@eth0.service']) {
      expect([name, statesOf(root, [name])[name]]).toEqual([name, isEnabled(root, name)]);
    }
    place.unmount(root);
  });

  it('is what systemctl says where links are twisted', () => {
    const root = place.overlay(debian, 'twisted');
    const [config, vendor, runtime] = ['etc/systemd/system', 'usr/lib/systemd/system', 'run/systemd/system'];
    const named = (directory: string, names: string, text: string) =>
      names.split(' ').map((name) => write(root, `${directory}/${name}`, text));
    named(vendor, 'ma.service mb.service mc.service wa.service wb.service wc.service wd.service', service);
    named(vendor, 'oth@.service inst@.service inst@b.service ua.service over.service', service);
    named(vendor, 'a.socket', '[Socket]\n');
    named(vendor, 'also.service', '[Install]\nAlso=a.socket\n');
    named(vendor, 'reset.service', '[Install]\nWantedBy=a.target\nWantedBy=\n');
    named(vendor, 'tm@.mount', '[Mount]\n');
    named(vendor, 'dropped.service', '[Service]\n');
    named(`${config}/dropped.service.d`, 'a.conf', '[Install]\nWantedBy=x.target\n');
    named(vendor, 'tricky.service', '\xef\xbb\xbf[Install]\r\nWantedBy=a.target \\\n# comment\n b.target\n[Install\nx');
    named(vendor, 'binary.service', '\0\xff[Install]\0WantedBy=x.target\0');
    named(vendor, 'quote.service', '[Install]\nWantedBy="a\n');
    named(vendor, 'also-bad.service', '[Install]\nAlso=foo\n');
    named(vendor, 'late.service', `${service}[Inst`);
    named(vendor, 'comment.service', `# \xff\n${service}`);
    named(vendor, 'long.service', `${service}X=${'a'.repeat(1_100_000)}`);
    named(config, 'mb.service', '');
    named('opt', 'l.service', service);
    mkdirSync(join(root, vendor, 'dir.service'));
    for (const [link, target] of [
      [`${config}/round.service`, 'about.service'],
      [`${config}/about.service`, 'round.service'],
      [`${config}/self.service`, 'self.service'],
      [`${config}/gone.service`, '/../../nowhere/gone.service'],
      [`${config}/a.service`, 'a.socket'],
      [`${config}/tmpl@.service`, 'plain.service'],
      [`${config}/over.service`, '/usr/lib/systemd/system/over.service'],
      [`${config}/l.service`, '/../../opt/l.service'],
      [`${config}/other.service`, '/opt/l.service'],
      [`${runtime}/rl.service`, '/opt/l.service'],
      [`${config}/p.service`, '/etc/passwd'],
      [`${vendor}/opt.service`, '/opt'],
      [`${config}/ma.service`, '/dev/null'],
      [`${runtime}/mc.service`, '/dev/null'],
      [`${vendor}/md.service`, '../../../../dev/null'],
      [`${config}/ma2.service`, 'ma.service'],
      [`${config}/lib.service`, '/lib/systemd/system/wd.service'],
      [`${vendor}/ua2.service`, 'ua.service'],
      [`${vendor}/inst@d.service`, 'inst@.service'],
      [`${config}/multi-user.target.wants/wa.service`, '/gone'],
      [`${runtime}/x.target.requires/wb.service`, '/gone'],
      [`${vendor}/sysinit.target.wants/wc.service`, '../wc.service'],
      [`${config}/x.target.wants/wd.service`, '/dev/null'],
      [`${config}/x.target.wants/oth@a.service`, 'x'],
      [`${vendor}/y.target.wants/inst@c.service`, '../inst@.service'],
    ]) {
      mkdirSync(dirname(join(root, link!)), { recursive: true });
      symlinkSync(target!, join(root, link!));
    }

    const listed = unitFiles(root);

    expect(new Set(listed.values()).size).toBeGreaterThan(8);
    expect(statesOf(root, listed.keys())).toEqual(Object.fromEntries(listed));
    place.unmount(root);
  });

  it('is what the service manager itself would load: drop-ins in their order, and commands', () => {
    const root = place.overlay(debian, 'dropped');
    const add = (name: string, line: string) => write(root, `etc/systemd/system/${name}`, `[Service]\n${line}\n`);
    add('service.d/50-type.conf', 'ExecStartPost=/type');
    add('ssh.service.d/60-own.conf', 'ExecStartPre=\nExecStartPre=-/own --a \\\n# no\n  b');
    add('sshd.service.d/40-alias.conf', 'ExecStartPost=+/alias');
    add('ssh.service.d/70-both.conf', 'ExecStopPost=/etc');
    write(root, 'usr/lib/systemd/system/ssh.service.d/70-both.conf', '[Service]\nExecStopPost=/usr\n');
    write(root, 'usr/lib/systemd/system/ssh.service.d/80-masked.conf', '[Service]\nExecStopPost=/masked\n');
    symlinkSync('/dev/null', join(root, 'etc/systemd/system/ssh.service.d/80-masked.conf'));
    add('systemd-.service.d/30-prefix.conf', 'ExecStartPost=/prefix');
    add('systemd-journal-.service.d/30-prefix.conf', 'ExecStartPost=/longer prefix');
    add('getty@.service.d/10-template.conf', 'ExecStart=\nExecStart=/template %i');
    add('getty@tty1.service.d/20-instance.conf', 'ExecStartPre=/instance');

    const loaded = managerUnits(root);

    const facts = new Map(factsOf(root, 'unit').map((fact) => [rawOf(fact.name)!, fact]));
    const compared = [...loaded.keys()]
      .filter((name) => facts.has(name))
      .filter((name) => facts.get(name)!.state !== 'alias');
    expect(compared.length).toBeGreaterThan(80);
    const told = (name: string) => {
      const { dropIns, commands } = facts.get(name)!;
      const runs = commands.filter((command) => command.startsWith('Exec')).map(programOf);
      return { dropIns, commands: runs.toSorted() };
    };
    expect(Object.fromEntries(compared.map((name) => [name, told(name)]))).toEqual(
      Object.fromEntries(compared.map((name) => [name, loaded.get(name)])),
    );
    expect(told('ssh.service').dropIns).toHaveLength(5);
    expect(told('systemd-journal-flush.service').dropIns).toHaveLength(2);
    expect(told('getty@tty1.service').dropIns).toHaveLength(3);
    place.unmount(root);
  });

  it('has the repositories that apt would fetch from', () => {
    const root = place.overlay(debian, 'apt');
    write(
      root,
      'etc/apt/sources.list.d/a.list',
      'deb [ arch=amd64 trusted=yes ] http://a.example/x  s1 main # c\n# deb http://no.example s m\ndeb-src http://b.example s2 main',
    );
    write(root, 'etc/apt/sources.list.d/ignored.list.bak', 'deb http://no.example s main\n');
    write(
      root,
      'etc/apt/sources.list.d/b.sources',
      'types: deb\nURIs: http://c.example\n http://d.example/y/\nSuites: s3 s4\nComponents: main\n\n\nTypes: deb\nURIs: http://off.example\nSuites: s\nComponents: m\nEnabled: no\n',
    );

    const uris = chroot(root, ['apt-get', 'update', '--print-uris']).matchAll(/^'(\S+)\/dists\/(\S+)\/InRelease'/gm);

    const fetched = [...uris].map(([, place, suite]) => `${place} ${suite}`);
    const told = factsOf(root, 'repository').filter(({ enabled }) => enabled === 'yes');
    expect([...new Set(told.map(({ name }) => name.replace(/^\S+ /, '').replace('/ ', ' ')))].toSorted()).toEqual(
      fetched.toSorted(),
    );
    expect(fetched.length).toBe(7);
    place.unmount(root);
  });

  it('has the scripts that run-parts would run', () => {
    const root = place.overlay(debian, 'run-parts');
    for (const name of ['good', 'with.dot', 'UP_per-1', 'back~', 'sp ace', '.hidden']) {
      write(root, `etc/cron.daily/${name}`, '#!/bin/sh\n', 0o755);
    }
    write(root, 'etc/cron.daily/asleep', '#!/bin/sh\n', 0o644);
    symlinkSync('/usr/bin/true', join(root, 'etc/cron.daily/linked'));
    symlinkSync('linkloop', join(root, 'etc/cron.daily/linkloop'));

    const run = chroot(root, ['run-parts', '--test', '/etc/cron.daily']).trim().split('\n');

    const told = factsOf(root, 'cron').filter(({ schedule }) => schedule === '@daily');
    expect(told.map(({ command }) => command).toSorted()).toEqual(run.toSorted());
    expect(run.length).toBeGreaterThan(4);
    place.unmount(root);
  });

  it('has the kernel settings of the files that systemd-sysctl would read, in its order', () => {
    const root = place.overlay(debian, 'sysctl');
    write(root, 'etc/sysctl.d/50-pid-max.conf', 'kernel.pid_max = 1\n');
    write(root, 'run/sysctl.d/60-x.conf', 'net/ipv4/conf/eth0.5/forwarding = 0\nkernel.x = run\n');
    write(root, 'usr/lib/sysctl.d/70-y.conf', 'kernel.x = last\n');
    write(root, 'usr/lib/sysctl.d/80-z.conf', 'kernel.x = masked\n');
    symlinkSync('/dev/null', join(root, 'etc/sysctl.d/80-z.conf'));

    const text = chroot(root, ['/lib/systemd/systemd-sysctl', '--cat-config']);

    const lastOf = (key: string) => text.match(new RegExp(`^${key.replace(/[./]/g, '[./]')} *= *(.*)$`, 'gm'))?.at(-1);
    const told = factsOf(root, 'sysctl');
    expect(told.length).toBeGreaterThan(5);
    for (const { name, value } of told) expect([name, lastOf(name)?.replace(/.*= */, '')]).toEqual([name, value]);
    place.unmount(root);
  });
});

function factsOf<S extends FactSubject>(root: string, subject: S): readonly FactOf<S>[] {
  const { entries, holes } = collectFacts(
    directoryRoot(root),
    'debian 12',
    collectors.filter((collector) => collector.subject === subject),
  );
  expect(holes).toEqual([]);
  return entries.filter((entry): entry is FactEntry & FactOf<S> => entry.subject === subject);
}

function statesOf(root: string, names: Iterable<string>): Record<string, string | undefined> {
  const states = new Map(factsOf(root, 'unit').map(({ name, state }) => [rawOf(name)!, state]));
  return Object.fromEntries([...names].map((name) => [name, states.get(name)]));
}

/** `systemctl list-unit-files` of the root's own systemd. */
function unitFiles(root: string): ReadonlyMap<string, string> {
  const lines = systemctl(root, ['list-unit-files', '--no-pager', '--no-legend']).trim().split('\n');
  return new Map(lines.map((line) => line.trim().split(/\s+/) as [string, string]));
}

function systemctl(root: string, args: readonly string[]): string {
  return chroot(root, ['systemctl', '--root=/', ...args]);
}

/** It exits 1 for what is not enabled, and says so all the same. */
function isEnabled(root: string, name: string): string {
  return chroot(root, ['sh', '-c', `systemctl --root=/ is-enabled ${name} || true`]).trim();
}

function chroot(root: string, command: readonly string[]): string {
  return execFileSync('chroot', [root, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function write(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), Buffer.from(text, 'latin1'), { mode });
}

interface Loaded {
  readonly dropIns: readonly string[];
  readonly commands: readonly string[];
}

/** What systemd itself says it would load, from its own test run: not as root and not as process 1, which it would refuse. */
function managerUnits(root: string): ReadonlyMap<string, Loaded> {
  const script = `mount -t proc proc '${root}/proc'; mount --rbind /sys '${root}/sys'; mount -t tmpfs tmpfs '${root}/run'
    timeout 60 chroot --userspec=nobody '${root}' /lib/systemd/systemd --test --system --unit=multi-user.target
    exit $?`;
  const own = ['--mount', '--pid', '--fork', '--net', '--ipc', '--uts', '--propagation', 'private'];
  const dump = execFileSync('unshare', [...own, 'sh', '-ec', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 90_000,
    killSignal: 'SIGKILL',
  });
  const units = dump.split(/^\t-> Unit (?=\S+:$)/m).slice(1);
  return new Map(
    units
      .filter((text) => /^\t\tFragment Path: \/(usr\/)?lib\//m.test(text))
      .map((text) => {
        const dropIns = [...text.matchAll(/^\t\tDropIn Path: (.*)$/gm)].map(([, path]) => usrPath(path!));
        return [text.slice(0, text.indexOf(':\n')), { dropIns, commands: commandsIn(text).toSorted() }];
      }),
  );
}

function usrPath(path: string): string {
  return path.startsWith('/lib/') ? `/usr${path}` : path;
}

function commandsIn(unit: string): readonly string[] {
  const commands: string[] = [];
  let key = '';
  for (const line of unit.split('\n')) {
    key = /^\t\t-> (Exec\w+):$/.exec(line)?.[1] ?? (/^\t\t\t/.test(line) ? key : '');
    const program = /^\t\t\tCommand Line: "?([^\s"]+)/.exec(line)?.[1];
    if (key !== '' && program !== undefined) commands.push(`${key}=${program}`);
  }
  return commands;
}

/** Arguments are shown with their specifiers filled in, so that only the program is compared. */
function programOf(command: string): string {
  const [, key, marks, program, name] = /^(\w+)=([-@:+!|]*)(\S+)(?: +(\S+))?/.exec(command)!;
  // Behind an `@` the second word is the name that the program is shown under.
  return `${key}=${marks!.includes('@') ? name : program}`;
}
