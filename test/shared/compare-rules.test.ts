import { describe, expect, it } from 'vitest';
import { compareEntry } from '../../shared/compare.ts';
import type { Entry, FileEntry } from '../../shared/entry.ts';
import type { FactOf } from '../../shared/fact.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule } from '../../shared/rules.ts';
import { aDir, aFile, aLink, contentA, contentB } from '../support/entries.ts';

type Case = readonly [what: string, before: Entry | undefined, after: Entry | undefined, found: string | undefined];

/** `change attributes severity rule`, as short as a table needs it. */
function told(rules: readonly unknown[], before: Entry | undefined, after: Entry | undefined): string | undefined {
  const finding = compareEntry(before, after, openRulebook(rules.map((rule) => Rule.parse(rule))));
  return finding && `${finding.change} ${finding.attributes.join()} ${finding.severity} ${finding.rule}`;
}

const asFile = 'content,gid,mode,size,type,uid';
const known = aFile({ content: contentB, size: '9' });
const program = aFile({ mode: '0755' });
const setuid = aFile({ mode: '4755' });
const other = `sha256:${'c'.repeat(64)}`;

describe('accept', () => {
  const accepted: readonly Case[] = [
    ['the known content', aFile(), known, undefined],
    ['neither this nor that', aFile(), aFile({ content: other }), 'modified content medium /usr/**'],
    ['known content, another mode', aFile(), { ...known, mode: '0600' }, 'modified mode medium /usr/**'],
    ['known content, another owner', aFile(), { ...known, uid: 7 }, 'modified uid medium /usr/**'],
    ['a link in its place', aFile(), aLink('/x'), 'modified type medium /usr/**'],
    ['a new file of known content', undefined, known, `added ${asFile} medium /usr/**`],
    ['removed', aFile(), undefined, `removed ${asFile} medium /usr/**`],
    ['a program of known content', program, { ...program, content: contentB }, undefined],
    ['a setuid file', setuid, { ...setuid, content: contentB }, 'modified content critical guard setuid'],
  ];
  it.each(accepted)('%s', (_what, before, after, found) => {
    expect(told([{ match: '/usr/**', as: 'immutable', accept: contentB }], before, after)).toBe(found);
  });

  it('is fine for a guarded file whose guard is overridden by name', () => {
    const rule = { match: '/usr/**', as: 'immutable', accept: [contentB], override: 'setuid', reason: 'r' };

    expect(told([rule], setuid, { ...setuid, content: contentB })).toBeUndefined();
    expect(told([rule], setuid, { ...setuid, content: other })).toBe('modified content medium /usr/**');
  });

  it('lets a program where anything may be written become the known one', () => {
    const rule = { match: '/usr/**', as: 'ephemeral', accept: contentB };

    expect(told([rule], program, { ...program, content: contentB })).toBeUndefined();
    expect(told([rule], program, { ...program, content: other })).toBe('modified content medium /usr/**');
    expect(told([rule], undefined, { ...program, content: contentB })).toBe(`added ${asFile} medium /usr/**`);
  });

  it('takes nothing but digests', () => {
    for (const accept of ['sha256:ABC', contentA.slice(7), [], `${contentA}0`]) {
      expect(Rule.safeParse({ match: '/a', as: 'immutable', accept }).success).toBe(false);
    }
  });
});

describe('foreign', () => {
  it('is not compared, guards or not, and needs a reason', () => {
    expect(told([{ match: '/usr/**', as: 'foreign', reason: 'r' }], undefined, setuid)).toBeUndefined();
    expect(Rule.safeParse({ match: '/usr/**', as: 'foreign' }).success).toBe(false);
    expect(Rule.safeParse({ match: '/usr/**', as: 'foreign', reason: ' \t' }).success).toBe(false);
  });
});

describe('set-at-boot', () => {
  const files: readonly Case[] = [
    ['other content', aFile(), known, undefined],
    ['a plain file that was not baked', undefined, aFile(), undefined],
    ['a directory that was not baked', undefined, aDir(), undefined],
    ['a directory open to all', undefined, { ...aDir(), mode: '1777' }, 'added gid,mode,type,uid medium /usr/**'],
    ['a file open to all', undefined, aFile({ mode: '0666' }), `added ${asFile} medium /usr/**`],
    ['an executable that was not baked', undefined, program, `added ${asFile} medium /usr/**`],
    ['other content of a baked executable', program, { ...program, content: contentB }, undefined],
    ['a link that was not baked', undefined, aLink('/x'), 'added gid,target,type,uid medium /usr/**'],
    ['another target', aLink('/x'), aLink('/y'), 'modified target medium /usr/**'],
    ['another mode', aFile(), aFile({ mode: '0755' }), 'modified mode medium /usr/**'],
    ['another ACL', aFile(), aFile({ acl: 'user:7:rw-', content: contentB }), 'modified acl medium /usr/**'],
    ['removed', aFile(), undefined, `removed ${asFile} medium /usr/**`],
    ['setuid', setuid, { ...setuid, content: contentB }, 'modified content critical guard setuid'],
  ];
  it.each(files)('of a file: %s', (_what, before, after, found) => {
    expect(told([{ match: '/usr/**', as: 'set-at-boot' }], before, after)).toBe(found);
  });

  const [key, foreignKey] = [`SHA256:${'a'.repeat(43)}`, `SHA256:${'b'.repeat(43)}`];
  const aUser = (overrides: Partial<FactOf<'user'>> = {}): FactOf<'user'> => ({
    subject: 'user',
    name: 'admin',
    uid: 1000,
    gid: 1000,
    home: '/home/admin',
    shell: '/bin/sh',
    password: 'locked',
    files: ['/etc/passwd', '/etc/shadow'],
    ...overrides,
  });
  const aGroup = (overrides: Partial<FactOf<'group'>> = {}): FactOf<'group'> => ({
    subject: 'group',
    name: 'admin',
    gid: 1000,
    members: [],
    files: ['/etc/group'],
    ...overrides,
  });
  const aSudoers = (name: string, file = '/etc/sudoers.d/90-cloud-init-users'): Entry => ({
    subject: 'sudoers',
    name,
    files: [file],
  });
  const aKey = (fingerprint: string, overrides: Partial<FactOf<'authorized-key'>> = {}): Entry => ({
    subject: 'authorized-key',
    name: `root ${fingerprint}`,
    keyType: 'ssh-ed25519',
    files: ['/root/.ssh/authorized_keys'],
    ...overrides,
  });
  const rule = {
    match: ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/sudoers.d/*', '/root/.ssh/authorized_keys'],
    as: 'set-at-boot',
    expect: { users: ['admin', 'root'], sudoers: ['admin ALL=(ALL)  NOPASSWD:ALL'], keys: [key] },
  };
  const asUser = 'files,gid,home,password,shell,uid';
  const root = aUser({ name: 'root', uid: 0, gid: 0 });
  const cases: readonly Case[] = [
    ['an expected user', undefined, aUser(), undefined],
    ['another user', undefined, aUser({ name: 'eve' }), `added ${asUser} high guard users`],
    ['a second line of an expected user', undefined, aUser({ name: 'admin #2' }), `added ${asUser} high guard users`],
    ['an expected user as root', undefined, aUser({ uid: 0 }), `added ${asUser} critical guard users`],
    ['an expected user in the group of root', undefined, aUser({ gid: 0 }), `added ${asUser} high guard users`],
    [
      'an expected user without a password',
      undefined,
      aUser({ password: 'none' }),
      `added ${asUser} critical guard users`,
    ],
    ['the password of root, expected', root, { ...root, password: 'set' }, undefined],
    ['no password of root', root, { ...root, password: 'none' }, 'modified password critical guard users'],
    [
      'a baked user nobody spoke of',
      aUser({ name: 'www' }),
      aUser({ name: 'www', shell: '/bin/x' }),
      'modified shell high guard users',
    ],
    ['an expected user that was baked and is gone', aUser(), undefined, `removed ${asUser} high guard users`],
    ['the group of an expected user', undefined, aGroup(), undefined],
    ['another group', undefined, aGroup({ name: 'eve' }), 'added files,gid,members high guard users'],
    ['a group of root by another name', undefined, aGroup({ gid: 0 }), 'added files,gid,members high guard users'],
    ['an expected user in sudo', aGroup({ name: 'sudo' }), aGroup({ name: 'sudo', members: ['admin'] }), undefined],
    [
      'somebody else in sudo',
      aGroup({ name: 'sudo' }),
      aGroup({ name: 'sudo', members: ['admin', 'eve'] }),
      'modified members high guard users',
    ],
    [
      'another number of a group',
      aGroup({ name: 'sudo' }),
      aGroup({ name: 'sudo', gid: 7 }),
      'modified gid high guard users',
    ],
    ['an expected rule, however spaced', undefined, aSudoers('admin ALL=(ALL) NOPASSWD:ALL'), undefined],
    ['another rule', undefined, aSudoers('eve ALL=(ALL) NOPASSWD:ALL'), 'added files critical guard sudoers'],
    [
      'an expected rule elsewhere',
      undefined,
      aSudoers('admin ALL=(ALL) NOPASSWD:ALL', '/etc/sudoers'),
      'added files critical guard sudoers',
    ],
    ['an expected key', undefined, aKey(key), undefined],
    ['an expected key with options', undefined, aKey(key, { options: 'no-pty' }), undefined],
    ['a foreign key', undefined, aKey(foreignKey), 'added files,keyType critical guard authorized-keys'],
    [
      "an expected key in a file of nobody's",
      undefined,
      aKey(key, { files: ['/root/.ssh/authorized_keys', '/root/.ssh/authorized_keys2'] }),
      'added files,keyType critical guard authorized-keys',
    ],
    [
      'an expected key that is now in another file too',
      aKey(key),
      aKey(key, { files: ['/root/.ssh/authorized_keys', '/root/.ssh/authorized_keys2'] }),
      'modified files critical guard authorized-keys',
    ],
  ];
  it.each(cases)('of what it means: %s', (_what, before, after, found) => {
    expect(told([rule], before, after)).toBe(found);
  });

  it('foresees only what the rules of all files of a fact do', () => {
    const apart = [
      { match: '/etc/passwd', as: 'set-at-boot', expect: { users: ['admin'] } },
      { match: '/etc/shadow', as: 'set-at-boot', expect: { users: ['other'] } },
    ];

    expect(told(apart, undefined, aUser())).toBe(`added ${asUser} high guard users`);
    expect(told([apart[0]], undefined, aUser())).toBe(`added ${asUser} high guard users`);
  });

  it('foresees nothing of itself, and no other treatment foresees', () => {
    expect(told([{ ...rule, expect: undefined }], undefined, aKey(key))).toContain('critical guard authorized-keys');
    expect(told([{ ...rule, as: 'per-instance', expect: undefined }], undefined, aKey(key))).toContain('critical');
    expect(Rule.safeParse({ ...rule, as: 'ephemeral' }).success).toBe(false);
  });

  it('counts no other meaning of what it covers, but for guards', () => {
    const setting: Entry = { subject: 'sysctl', name: 'a.b', value: '1', files: ['/etc/sysctl.d/a'] };
    const job: Entry = { subject: 'cron', name: 'a', schedule: '@daily', command: 'x', files: ['/etc/cron.d/a'] };
    const rules = [{ match: '/etc/**', as: 'set-at-boot' }];

    expect(told(rules, undefined, setting)).toBeUndefined();
    expect(told(rules, undefined, job)).toBe('added command,files,schedule high guard cron');
  });

  it('is stricter than what another file of the same fact may do', () => {
    const relaxed = (as: FileEntry['type'] | string) => ({ match: '/tmp/**', as, reason: 'r' });
    const fact: Entry = { subject: 'sudoers', name: 'x', files: ['/tmp/a', '/var/a'] };

    for (const as of ['ignored', 'foreign']) {
      expect(told([relaxed(as), { match: '/var/**', as: 'ephemeral' }], undefined, fact)).toContain('guard sudoers');
    }
  });
});
