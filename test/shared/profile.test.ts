import { describe, expect, it } from 'vitest';
import { profileFor, profiles } from '../../shared/profile.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule } from '../../shared/rules.ts';

const rulebook = openRulebook(profiles.debian.rules);

describe('the Debian profile', () => {
  it.each([
    ['/tmp/x', 'ephemeral', 'medium'],
    ['/tmp', 'immutable', 'medium'],
    ['/var/log/apt/term.log', 'ephemeral', 'medium'],
    ['/var/lib/pristine/spool/1', 'ephemeral', 'medium'],
    ['/var/lib/pristine', 'immutable', 'medium'],
    ['/var/lib/dpkg/status', 'immutable', 'medium'],
    ['/etc/machine-id', 'per-instance', 'medium'],
    ['/etc/ssh/ssh_host_ed25519_key', 'per-instance', 'medium'],
    ['/etc/ssh/sshd_config', 'immutable', 'high'],
    ['/etc/ssh/sshd_config.d/x.conf', 'immutable', 'high'],
    ['/etc/sudoers.d/x', 'immutable', 'high'],
    ['/etc/gshadow', 'immutable', 'high'],
    ['/etc/hosts.allow', 'immutable', 'medium'],
    ['/root/.bashrc', 'immutable', 'medium'],
    ['/', 'immutable', 'medium'],
  ])('treats %s as %s, %s', (path, treatment, severity) => {
    expect(rulebook.rulingOf(path)).toMatchObject({ treatment, severity });
  });
});

describe('what an instance writes itself', () => {
  it.each([
    ['/etc/machine-id', true],
    ['/etc/hostname', true],
    ['/etc/ssh/ssh_host_ed25519_key', true],
    ['/etc/ssh/ssh_host_ed25519_key.pub', true],
    ['/etc/ssh/ssh_host_ed25519_key-cert.pub', false],
    ['/etc/hosts', false],
    ['/etc/resolv.conf', false],
    ['/etc/mtab', false],
    ['/etc/adjtime', false],
    ['/etc/ld.so.cache', false],
  ])('%s is pinned once boot has settled: %s', (path, isPinned) => {
    for (const { rules } of Object.values(profiles)) {
      expect(openRulebook(rules).rulingOf(path)).toMatchObject({ treatment: 'per-instance', isPinned });
    }
  });

  it('beyond that is nothing that stays as a boot left it', () => {
    const common = new Set(profiles.base.rules);
    const own = Object.values(profiles).flatMap(({ rules }) => rules.filter((rule) => !common.has(rule)));

    expect(own.filter(({ as, pin }) => as === 'per-instance' && pin !== false)).toEqual([]);
  });
});

describe('the profiles', () => {
  it.each(Object.values(profiles))(
    '$name is written as rules are, hides nothing and guards doors',
    ({ name, rules }) => {
      const book = openRulebook(rules);

      expect(rules.map((rule) => Rule.parse(rule))).toEqual(rules);
      expect(profiles[name].name).toBe(name);
      expect(book.skips).toEqual([]);
      expect(book.leavesSomeOut).toBe(false);
      for (const path of [
        '/etc/ssh/sshd_config',
        '/etc/sudoers.d/90-cloud-init-users',
        '/etc/passwd',
        '/etc/gshadow',
      ]) {
        expect(book.rulingOf(path)).toMatchObject({ treatment: 'immutable', severity: 'high' });
      }
    },
  );

  it.each(Object.values(profiles))('$name relaxes no program and no home', ({ rules }) => {
    const book = openRulebook(rules);

    for (const top of [
      '/usr/bin',
      '/usr/lib',
      '/usr/local',
      '/opt',
      '/srv',
      '/home',
      '/root',
      '/boot',
      '/etc/cron.d',
    ]) {
      expect(book.rulingOf(`${top}/x`).treatment).toBe('immutable');
    }
  });

  it('says of each line beyond those of any Linux what writes it', () => {
    const common = new Set(profiles.base.rules);
    const silent = Object.values(profiles)
      .flatMap(({ rules }) => rules)
      .filter((rule) => !common.has(rule) && rule.as !== 'immutable' && rule.reason === undefined);

    expect(silent).toEqual([]);
  });

  it.each([
    ['debian', [], 'debian'],
    ['raspbian', ['debian'], 'debian'],
    ['ubuntu', ['debian'], 'ubuntu'],
    ['linuxmint', ['ubuntu', 'debian'], 'ubuntu'],
    ['rocky', ['rhel', 'centos', 'fedora'], 'rhel'],
    ['ol', ['fedora'], 'rhel'],
    ['amzn', ['fedora'], 'amazon'],
    ['alpine', [], 'alpine'],
    ['sles', ['suse'], 'suse'],
    ['opensuse-leap', ['suse', 'opensuse'], 'suse'],
    ['opensuse-microos', [], 'suse'],
    ['void', [], 'base'],
    ['linux', [], 'base'],
    ['toString', ['constructor'], 'base'],
  ])('takes for %s, like %j, the one of %s', (id, idLike, name) => {
    expect(profileFor({ id, idLike }).name).toBe(name);
  });

  it.each([
    ['ubuntu', '/var/lib/cloud/instance', 'ephemeral'],
    ['ubuntu', '/etc/netplan/50-cloud-init.yaml', 'per-instance'],
    ['ubuntu', '/etc/netplan/60-mine.yaml', 'immutable'],
    ['rhel', '/etc/.updated', 'per-instance'],
    ['amazon', '/var/lib/NetworkManager/x', 'immutable'],
    ['alpine', '/var/lib/seedrng/seed.credit', 'per-instance'],
    ['alpine', '/var/lib/cloud/x', 'immutable'],
    ['suse', '/var/lib/wicked/lease-eth0.xml', 'ephemeral'],
    ['debian', '/var/lib/systemd/random-seed', 'immutable'],
  ] as const)('%s treats %s as %s', (name, path, treatment) => {
    expect(openRulebook(profiles[name].rules).rulingOf(path).treatment).toBe(treatment);
  });
});

describe('a rulebook', () => {
  it('shows what it ignores and which guards it silences', () => {
    const rules = [
      { match: ['/srv/cache/**', '/srv/b'], as: 'ignored', reason: 'rebuilt' },
      { match: '/opt/x', as: 'immutable', override: ['setuid'], reason: 'vendor' },
    ].map((rule) => Rule.parse(rule));

    expect(openRulebook(rules).skips).toEqual([
      { name: '/srv/cache/**', rule: 'ignored: rebuilt' },
      { name: '/srv/b', rule: 'ignored: rebuilt' },
      { name: '/opt/x', rule: 'override setuid: vendor' },
    ]);
  });

  it('takes what is beneath something foreign as foreign, whatever stands first', () => {
    const rules = [
      { match: '/var/lib/pods/*/volumes/secret', as: 'immutable' },
      { match: '/var/lib/pods/*', as: 'foreign', reason: 'of the pods' },
    ].map((rule) => Rule.parse(rule));
    const book = openRulebook(rules);

    expect(book.rulingOf('/var/lib/pods').treatment).toBe('immutable');
    expect(book.rulingOf('/var/lib/pods/a').treatment).toBe('foreign');
    expect(book.rulingOf('/var/lib/pods/a/volumes/secret').treatment).toBe('foreign');
    expect(book.skips).toEqual([{ name: '/var/lib/pods/*', rule: 'foreign: of the pods' }]);
    expect(book.leavesSomeOut).toBe(true);
  });
});
