import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizedKeys } from '../../../../agent/collect/facts/authorized-keys.ts';
import type { Collector } from '../../../../agent/collect/facts/collector.ts';
import { collectors } from '../../../../agent/collect/facts/collectors.ts';
import { cron } from '../../../../agent/collect/facts/cron.ts';
import { kernelCmdline } from '../../../../agent/collect/facts/kernel-cmdline.ts';
import { kernelModules } from '../../../../agent/collect/facts/kernel-modules.ts';
import { pam } from '../../../../agent/collect/facts/pam.ts';
import { repositories } from '../../../../agent/collect/facts/repositories.ts';
import { sudoers } from '../../../../agent/collect/facts/sudoers.ts';
import { sysctl } from '../../../../agent/collect/facts/sysctl.ts';
import { units } from '../../../../agent/collect/facts/units.ts';
import { writeEntryLine } from '../../../../shared/entry-line.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';

let root: FactsRoot;
beforeEach(() => {
  root = factsRoot();
});
afterEach(() => root.remove());

/** Without what every fact has. */
function said(collector: Collector): readonly unknown[] {
  const { entries, holes } = root.facts(collector);
  expect(holes).toEqual([]);
  return entries.map(({ subject, files, ...rest }: Record<string, unknown>) => rest);
}

describe('facts', () => {
  it('of cron show commands and variables without their secrets', () => {
    root.put(
      'etc/cron.d/a',
      'DB_PASSWORD=hunter 22\n0 1 * * * root PGPASSWORD=hunter22 pg_dump x | curl -u me:hunter22 https://me:hunter22@h\n0 2 * * * --token hunter22\n',
    );
    root.put('var/spool/cron/crontabs/eve', '@reboot wget --password=hunter22 h\n');
    root.put('etc/anacrontab', '7 5 daily mysqldump -phunter22 db\n');
    root.put('var/spool/cron/atjobs/a0000101c1f2a3', '#!/bin/sh\n{\n}\nexport TOKEN="hunter\n22"\nrun it\n');

    expect(said(cron)).toEqual([
      {
        name: '/etc/anacrontab 7 5 daily mysqldump -p«redacted» db',
        schedule: '7 5 daily',
        user: 'root',
        command: 'mysqldump -p«redacted» db',
      },
      {
        name: '/etc/cron.d/a 0 1 * * * root PGPASSWORD=«redacted» pg_dump x | curl -u «redacted» https://«redacted»@h',
        schedule: '0 1 * * *',
        user: 'root',
        command: 'PGPASSWORD=«redacted» pg_dump x | curl -u «redacted» https://«redacted»@h',
      },
      {
        name: '/etc/cron.d/a 0 2 * * * --token «redacted»',
        schedule: 'unknown',
        command: '0 2 * * * --token «redacted»',
      },
      { name: '/etc/cron.d/a DB_PASSWORD=«redacted»', schedule: 'environment', command: 'DB_PASSWORD=«redacted»' },
      {
        name: '/var/spool/cron/atjobs/a0000101c1f2a3 a0000101c1f2a3',
        schedule: expect.stringMatching(/^at /),
        command: 'export TOKEN="«redacted»\\x0a«redacted»\\x0arun it',
      },
      {
        name: '/var/spool/cron/crontabs/eve @reboot wget --password=«redacted» h',
        schedule: '@reboot',
        user: 'eve',
        command: 'wget --password=«redacted» h',
      },
    ]);
  });

  it('that are alike without their secrets are one, whatever the secrets are', () => {
    root.put('etc/crontab', '0 1 * * * root x --token one22\n0 1 * * * root x --token two22\n');
    const before = root.facts(cron).entries;

    root.put('etc/crontab', '0 1 * * * root x --token three\n');

    expect(before).toHaveLength(1);
    expect(root.facts(cron).entries).toEqual(before);
  });

  it('of units show commands, mounts and triggers without their secrets', () => {
    root.put(
      'etc/systemd/system/a.service',
      '[Service]\nEnvironment=DB_PASSWORD=hunter22\nExecStartPre=-/bin/sh -c "echo root:hunter22 | chpasswd"\nExecStart=/bin/x --password \\\n  hunter22 -v\n',
    );
    root.put('etc/systemd/system/m.mount', '[Mount]\nWhat=//h/s\nWhere=/m\nOptions=username=me,password=hunter22\n');

    expect(said(units)).toEqual([
      expect.objectContaining({
        name: 'a.service',
        commands: [
          'ExecStartPre=-/bin/sh -c "echo «redacted»| chpasswd"',
          'ExecStart=/bin/x --password  «redacted» -v',
        ],
      }),
      expect.objectContaining({
        name: 'm.mount',
        commands: ['What=//h/s', 'Where=/m', 'Options=username=me,password=«redacted»'],
      }),
    ]);
  });

  it('of the kernel show parameters, module options and settings without their secrets', () => {
    root.put('etc/kernel/cmdline', 'quiet rd.iscsi.password=hunter22 ds=nocloud;s=http://me:hunter22@h/ x');
    root.put(
      'etc/modprobe.d/a.conf',
      'options a psk=hunter22 b=1\ninstall b /bin/x --token hunter22\nsecret hunter22\n',
    );
    root.put('etc/modules', 'm key_secret=hunter22\n');
    root.put('etc/sysctl.conf', 'net.ipv6.conf.all.stable_secret = ::1:2\nkernel.sysrq = 1\n');

    expect(said(kernelCmdline)).toEqual([
      {
        name: '/etc/kernel/cmdline',
        parameters: ['quiet', 'rd.iscsi.password=«redacted»', 'ds=nocloud;s=http://«redacted»@h/', 'x'],
      },
    ]);
    expect(said(kernelModules)).toEqual([
      { name: 'install b', values: ['/bin/x', '--token', '«redacted»'] },
      { name: 'load m', values: ['key_secret=«redacted»'] },
      { name: 'options a', values: ['psk=«redacted»', 'b=1'] },
      { name: 'secret «redacted»', values: [] },
    ]);
    expect(said(sysctl)).toEqual([
      { name: 'kernel.sysrq', value: '1' },
      { name: 'net.ipv6.conf.all.stable_secret', value: '«redacted»' },
    ]);
  });

  it('of package sources show places and options without their secrets', () => {
    root.put('etc/apt/sources.list', 'deb https://me:hunter22@h/d s main\n');
    root.put(
      'etc/apt/sources.list.d/b.sources',
      'Types: deb\nURIs: https://me:hunter22@h/e\nSuites: s\nX-Token: hunter22\n',
    );
    root.put(
      'etc/yum.repos.d/c.repo',
      '[c]\nbaseurl=https://hunter22@h/\npassword=hunter 22\nproxy_password=hunter22\ngpgcheck=1\n',
    );
    root.put('etc/apk/repositories', '@x https://me:hunter22@h/f\n');

    expect(said(repositories)).toEqual([
      { name: 'apk https://«redacted»@h/f', enabled: 'yes', options: ['tag=x'] },
      { name: 'deb https://«redacted»@h/d s', enabled: 'yes', options: ['components=main'] },
      { name: 'deb https://«redacted»@h/e s', enabled: 'yes', options: ['x-token=«redacted»'] },
      {
        name: 'rpm c',
        enabled: 'yes',
        options: ['baseurl=https://«redacted»@h/', 'gpgcheck=1', 'password=«redacted»', 'proxy_password=«redacted»'],
      },
    ]);
  });

  it('of sudoers, PAM and keys show rules without their secrets', () => {
    root.put('etc/sudoers', 'eve ALL = NOPASSWD: /bin/x --password\\=hunter22, ALL\n');
    root.put('etc/pam.d/a', 'auth required pam_x.so user=me passwd=hunter22 debug\npassword required pam_unix.so\n');
    root.put('etc/passwd', 'eve:x:1:1::/home/eve:/bin/sh\n');
    root.put('home/eve/.ssh/authorized_keys', `command="/bin/x --token hunter22",no-pty ${key}\npassword hunter22\n`);

    expect(said(sudoers)).toEqual([{ name: 'eve ALL = NOPASSWD: /bin/x --password\\\\=«redacted», ALL' }]);
    expect(said(pam)).toEqual([
      { name: 'a', rules: ['auth required pam_x.so user=me passwd=«redacted» debug', 'password required pam_unix.so'] },
    ]);
    expect(said(authorizedKeys)).toEqual([
      { name: 'eve /home/eve/.ssh/authorized_keys: password «redacted»' },
      expect.objectContaining({ options: 'command="/bin/x --token «redacted»",no-pty' }),
    ]);
  });

  it('that are cut have a digest of what is shown alone', () => {
    const line = (secret: string) => `0 1 * * * root x ${'a '.repeat(10_000)} --token ${secret}\n`;
    root.put('etc/crontab', line('hunter22'));
    const before = root.facts(cron).entries;

    root.put('etc/crontab', line('hunter23'));

    expect(before[0]!.name).toContain('sha256:');
    expect(root.facts(cron).entries).toEqual(before);
  });

  const secret = fc
    .stringMatching(/^[A-Za-z0-9][A-Za-z0-9!+./_~\xa0\xe9-]{10,30}$/)
    .filter((it) => new Set(it).size > 6);
  const shapes: readonly ((secret: string) => string)[] = [
    (it) => `curl -u me:${it} h`,
    (it) => `curl -H "Authorization: Bearer ${it}" h`,
    (it) => `curl -H 'X-Api-Key: ${it}' h`,
    (it) => `curl https://me:${it}@h/p?q`,
    (it) => `curl -d 'user=x&password=${it}' h`,
    (it) => `x --password=${it} -v`,
    (it) => `x --password ${it} -v`,
    (it) => `x --auth-token "${it}" -v`,
    (it) => `PGPASSWORD=${it} pg_dump x`,
    (it) => `env AWS_SECRET_ACCESS_KEY=${it} aws s3 ls`,
    (it) => `mysqldump -u root -p${it} db`,
    (it) => `sshpass -p ${it} ssh h`,
    (it) => `sh -c "redis-cli -a ${it} ping"`,
    (it) => `mount -t cifs -o username=x,password=${it} //h/s /m`,
    (it) => `printf me:${it} | chpasswd`,
  ];
  const places: readonly (readonly [path: string, line: (shape: string) => string])[] = [
    ['etc/crontab', (shape) => `0 1 * * * root ${shape}`],
    ['etc/cron.d/broken', (shape) => `0 1 * * * ${shape}`],
    ['var/spool/cron/crontabs/eve', (shape) => `@reboot ${shape}`],
    ['etc/anacrontab', (shape) => `1 1 job ${shape}`],
    ['var/spool/cron/atjobs/a0000101c1f2a3', (shape) => `#!/bin/sh\n{\n}\n${shape}`],
    ['etc/systemd/system/a.service', (shape) => `[Service]\nExecStart=/bin/${shape}`],
    ['etc/systemd/system/b.service.d/c.conf', (shape) => `[Service]\nExecStop=-/bin/${shape}`],
    ['etc/modprobe.d/a.conf', (shape) => `install a ${shape}`],
    ['etc/sudoers', (shape) => `eve ALL = NOPASSWD: /bin/${shape}`],
    ['home/eve/.ssh/authorized_keys', (shape) => `command="${shape.replaceAll('"', '\\"')}",restrict ${key}\n${shape}`],
    ['etc/kernel/cmdline', (shape) => `quiet ${shape}`],
    ['etc/sysctl.conf', (shape) => `kernel.core_pattern = |/bin/${shape}`],
    ['etc/apt/sources.list', (shape) => `deb ${shape}`],
    ['etc/yum.repos.d/a.repo', (shape) => `[a]\nname=${shape}`],
    ['etc/pam.d/a', (shape) => `auth required pam_exec.so /bin/${shape}`],
  ];

  it('of all collectors hold no piece of a secret, wherever it stands', () => {
    root.put('etc/passwd', 'eve:x:1:1::/home/eve:/bin/sh\n');
    fc.assert(
      fc.property(fc.nat(shapes.length - 1), secret, (at, value) => {
        for (const [path, line] of places) root.put(path, `${line(shapes[at]!(value))}\n`);

        const { entries, holes } = root.facts(...collectors);

        expect(holes).toEqual([]);
        expect(entries.length).toBeGreaterThanOrEqual(places.length);
        const lines = entries.map((entry) => Buffer.from(writeEntryLine(entry)).toString('latin1'));
        expect(lines.filter((line) => piecesOf(value).some((piece) => line.includes(piece)))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

/** What a reader could use: six characters in a row. */
function piecesOf(secret: string): readonly string[] {
  return Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6));
}
