import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../../agent/learn/proposal.ts';
import { instancesMin, propose } from '../../../agent/learn/propose.ts';
import type { Finding } from '../../../shared/finding.ts';
import { profiles } from '../../../shared/profile.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aFinding } from '../../support/builders.ts';

const rulebook = openRulebook(profiles.debian.rules);
const digest = (of: number) => `sha256:${String(of).repeat(64)}`;
const file = (overrides: Partial<Finding['actual']> = {}) => ({
  type: 'file',
  mode: '0644',
  uid: 0,
  gid: 0,
  ...overrides,
});

function added(name: string, actual: Partial<Finding['actual']> = {}): Finding {
  return aFinding({
    name,
    change: 'added',
    severity: 'medium',
    expected: {},
    actual: file(actual) as Finding['actual'],
    attributes: ['type'],
  });
}
function modified(name: string, content: string, overrides: Partial<Finding> = {}): Finding {
  return aFinding({
    name,
    severity: 'medium',
    actual: file({ content }) as Finding['actual'],
    attributes: ['content'],
    ...overrides,
  });
}
function fact(subject: string, name: string, actual: Finding['actual'], overrides: Partial<Finding> = {}): Finding {
  return aFinding({
    subject,
    name,
    change: 'added',
    expected: {},
    actual,
    attributes: [],
    rule: 'guard g',
    ...overrides,
  });
}

/** Each of three instances has what `of` says of it. */
function proposed(of: (instance: number) => readonly Finding[]): Proposal {
  const instances = Array.from({ length: instancesMin }, (_, n) => ({ findings: of(n), words: [`host-${'abc'[n]}`] }));
  return propose(instances, rulebook);
}

const brief = ({ rules }: Proposal) => rules.map(({ rule }) => `${rule.as} ${rule.match.join(' ')}`);
const left = ({ forAPerson, leftOver }: Proposal) => [
  ...forAPerson.map(({ name }) => `person ${name}`),
  ...leftOver.map(({ name, instances }) => `${instances} ${name}`),
];

describe('what is never proposed', () => {
  const cases: readonly (readonly [what: string, of: (n: number) => Finding])[] = [
    ['a new program', () => added('/srv/tool', { mode: '0755' })],
    [
      'a program that changed',
      (n) =>
        modified('/srv/tool', digest(n), { actual: file({ mode: '0755', content: digest(n) }) as Finding['actual'] }),
    ],
    [
      'what a guard speaks of',
      (n) => ({ ...added('/srv/a', { content: digest(n) }), rule: 'guard device', severity: 'high' }),
    ],
    ['what is critical', (n) => ({ ...modified('/srv/a', digest(n)), severity: 'critical' })],
    ['what is gone', () => aFinding({ name: '/srv/a', change: 'removed', severity: 'medium', actual: {} })],
    [
      'another owner',
      () =>
        aFinding({
          name: '/srv/a',
          severity: 'medium',
          attributes: ['uid'],
          actual: file({ uid: 1 }) as Finding['actual'],
        }),
    ],
    [
      'another type',
      () => aFinding({ name: '/srv/a', severity: 'medium', attributes: ['type'], actual: { type: 'symlink' } }),
    ],
    ['a directory that all may write in', () => added('/srv/a', { type: 'dir', mode: '1777' })],
    ['a link', () => added('/srv/a', { type: 'symlink' })],
    ['new libraries', (n) => added('/usr/lib/x.so', { content: digest(n) })],
    ['what a shell reads', (n) => added('/etc/profile.d/a.sh', { content: digest(n) })],
    ['a drop-in of sshd', () => added('/etc/ssh/sshd_config.d/a.conf')],
    ['an account file that differs', (n) => modified('/etc/passwd', digest(n), { severity: 'high' })],
    ['a unit', () => fact('unit', 'a.service', { files: ['/etc/systemd/system/a.service'] })],
    ['a second root', () => fact('user', 'toor', { uid: 0, gid: 0, password: 'locked', files: ['/etc/passwd'] })],
    [
      'a user whom nobody asks',
      () => fact('user', 'eve', { uid: 9, gid: 9, password: 'none', files: ['/etc/passwd'] }),
    ],
    [
      'another key on each',
      (n) =>
        fact('authorized-key', `eve SHA256:${String(n).repeat(43)}`, {
          keyType: 'a',
          files: ['/home/eve/.ssh/authorized_keys'],
        }),
    ],
  ];
  it.each(cases)('%s', (_what, of) => {
    const proposal = proposed((n) => [of(n)]);

    expect(proposal.rules).toEqual([]);
    expect(proposal.forAPerson.length).toBeGreaterThan(0);
  });

  it('what only some instances have', () => {
    const proposal = proposed((n) => (n === 0 ? [added('/srv/once', { content: digest(n) })] : []));

    expect([brief(proposal), left(proposal)]).toEqual([[], ['1 /srv/once']]);
  });

  it('a remark', () => {
    expect(proposed(() => [{ ...added('/srv/a'), severity: 'info' }])).toEqual({
      rules: [],
      forAPerson: [],
      leftOver: [],
    });
  });
});

describe('what is proposed', () => {
  it('is per-instance where each has its own, and pinned unless its writer goes on', () => {
    const proposal = proposed((n) => [
      modified('/srv/id', digest(n)),
      added('/srv/new', { content: digest(n) }),
      added('/var/lib/systemd/random-seed', { content: digest(n), mode: '0600' }),
    ]);

    expect(proposal.rules.map(({ rule: { match, as, pin }, writer }) => [match, as, pin, writer])).toEqual([
      [['/srv/id', '/srv/new'], 'per-instance', undefined, undefined],
      [['/var/lib/systemd/random-seed'], 'per-instance', false, 'systemd-random-seed'],
    ]);
  });

  it('is the one other content where all have the same, as heavy as before', () => {
    const [only, ...more] = proposed(() => [
      modified('/etc/ssh/ssh_host_x', digest(1)),
      modified('/srv/a', digest(1)),
    ]).rules;

    expect([only?.rule.accept, only?.rule.as, more.length]).toEqual([[digest(1)], 'immutable', 1]);
  });

  it('is written at boot where a file or directory appeared alike', () => {
    const proposal = proposed(() => [
      added('/srv/d', { type: 'dir', mode: '0755' }),
      added('/srv/d/a', { content: digest(1) }),
    ]);

    expect(brief(proposal)).toEqual(['set-at-boot /srv/d', 'set-at-boot /srv/d/a']);
    expect(proposal.rules[1]?.note).toContain('bake it');
  });

  it('has a pattern where names differ in ids alone, after those that name one path', () => {
    const proposal = proposed((n) => [
      added(`/srv/${String(n).repeat(32)}`, { content: digest(n) }),
      added(`/srv/host-${'abc'[n]}.log`, { content: digest(n) }),
      added('/srv/exact', { content: digest(n) }),
    ]);

    expect(brief(proposal)).toEqual([
      'per-instance /srv/exact',
      `per-instance /srv/*.log /srv/${'[0-9a-f]'.repeat(32)}`,
    ]);
  });

  it('is a place as a whole where a known writer keeps what it likes, but for programs', () => {
    const proposal = proposed((n) => [
      added(`/var/lib/cloud/instances/x${n}`, { type: 'dir', mode: '0755' }),
      added('/var/lib/cloud/instance', { type: 'symlink' }),
      added('/var/lib/cloud/instance/run', { mode: '0700' }),
    ]);

    expect(brief(proposal)).toEqual(['ephemeral /var/lib/cloud/**']);
    expect(left(proposal)).toEqual(['person /var/lib/cloud/instance/run']);
  });

  it('foresees exactly the accounts, rules and keys that all have, and nothing lighter', () => {
    const key = `SHA256:${'k'.repeat(43)}`;
    const home = '/home/eve/.ssh/authorized_keys';
    const proposal = proposed((n) => [
      fact('authorized-key', `eve ${key}`, { keyType: 'ssh-ed25519', files: [home] }, { severity: 'critical' }),
      fact(
        'group',
        'adm',
        { gid: 4, members: ['eve'], files: ['/etc/group'] },
        { change: 'modified', expected: { gid: 4, members: [], files: ['/etc/group'] } },
      ),
      fact('group', 'eve', { gid: 1000, members: [], files: ['/etc/group'] }),
      fact('sudoers', 'eve ALL=(ALL) ALL', { files: ['/etc/sudoers.d/90-cloud-init-users'] }, { severity: 'critical' }),
      fact('user', 'eve', { uid: 1000, gid: 1000, password: 'locked', files: ['/etc/passwd', '/etc/shadow'] }),
      modified('/etc/passwd', digest(n)),
      modified('/etc/subuid', digest(n)),
      added(home, { mode: '0600' }),
      added('/etc/sudoers.d/90-cloud-init-users', { mode: '0440', content: digest(n) }),
    ]);

    expect(left(proposal)).toEqual([]);
    expect(proposal.rules.map(({ rule: { as, match, severity, expect } }) => [as, match, severity, expect])).toEqual([
      [
        'set-at-boot',
        ['/etc/group', '/etc/passwd', '/etc/shadow', '/etc/subuid'],
        'high',
        { users: ['eve'], sudoers: [], keys: [] },
      ],
      [
        'set-at-boot',
        ['/etc/sudoers.d/90-cloud-init-users'],
        'high',
        { users: [], sudoers: ['eve ALL=(ALL) ALL'], keys: [] },
      ],
      ['set-at-boot', [home], undefined, { users: [], sudoers: [], keys: [key] }],
    ]);
  });

  it('foresees nobody in files that also say what nobody foresees', () => {
    const files = ['/etc/passwd', '/etc/shadow'];
    const proposal = proposed((n) => [
      fact('user', 'eve', { uid: 1000, gid: 1000, password: 'locked', files }),
      fact('group', 'eve', { gid: 1000, members: [], files: ['/etc/group'] }),
      ...(n === 0 ? [fact('user', 'mallory', { uid: 1001, gid: 1001, password: 'locked', files })] : []),
      modified('/etc/passwd', digest(n)),
    ]);

    expect(proposal.rules).toEqual([]);
    expect(left(proposal)).toContain('person mallory');
    expect(left(proposal)).toContain('person /etc/passwd');
  });

  it('is a rule, every time the same, whatever the order of instances', () => {
    const of = (n: number) => [
      modified('/srv/b', digest(n)),
      added('/srv/a', { content: digest(n) }),
      added(`/srv/${n}${n}${n}${n}`, { content: digest(n) }),
    ];

    const [once, again] = [proposed(of), proposed((n) => of(2 - n).toReversed())];

    expect(again.rules).toEqual(once.rules);
    for (const { rule } of once.rules) expect(Rule.safeParse(rule).success).toBe(true);
  });
});
