import { describe, expect, it } from 'vitest';
import { debianProfile } from '../../shared/profile.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule } from '../../shared/rules.ts';

const rulebook = openRulebook(debianProfile.rules);

describe('the Debian profile', () => {
  it('is written as rules are', () => {
    expect(debianProfile.rules.map((rule) => Rule.parse(rule))).toEqual(debianProfile.rules);
    expect(rulebook.skips).toEqual([]);
  });

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
});
