import { describe, expect, it } from 'vitest';
import { compareEntry } from '../../shared/compare.ts';
import type { Entry, FileEntry } from '../../shared/entry.ts';
import { fingerprintOf } from '../../shared/finding.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule } from '../../shared/rules.ts';
import { aDevice, aDir, aFile, aLink, aPackage, contentB } from '../support/entries.ts';

type Case = readonly [what: string, before: Entry | undefined, after: Entry | undefined, found: string | undefined];

/** `change attributes severity rule`, as short as a table needs it. */
function told(rules: readonly unknown[], before: Entry | undefined, after: Entry | undefined): string | undefined {
  const finding = compareEntry(before, after, openRulebook(rules.map((rule) => Rule.parse(rule))));
  return finding && `${finding.change} ${finding.attributes.join()} ${finding.severity} ${finding.rule}`;
}

const asFile = 'content,gid,mode,size,type,uid';
const setuid: FileEntry = aFile({ mode: '4755' });
const program: FileEntry = aFile({ mode: '0755' });
const { content: _content, ...unread } = aFile();

describe('compareEntry', () => {
  const immutable: readonly Case[] = [
    ['nothing', aFile(), aFile(), undefined],
    ['content', aFile(), aFile({ content: contentB }), 'modified content medium default'],
    ['content and size', aFile(), aFile({ content: contentB, size: '2' }), 'modified content,size medium default'],
    ['mode', aFile(), aFile({ mode: '0600' }), 'modified mode medium default'],
    ['owner', aFile(), aFile({ uid: 1, gid: 2 }), 'modified gid,uid medium default'],
    ['type', aFile(), aLink('/x'), 'modified type medium default'],
    ['type to a directory', aFile(), aDir('/usr/share/a'), 'modified type medium default'],
    ['target', aLink('/x'), aLink('/y'), 'modified target medium default'],
    ['an added file', undefined, aFile(), `added ${asFile} medium default`],
    ['an added directory', undefined, aDir(), 'added gid,mode,type,uid medium default'],
    ['a removed file', aFile(), undefined, `removed ${asFile} medium default`],
    ['an unread file of the same attributes', aFile(), unread, undefined],
    ['an unread file of another mode', aFile(), { ...unread, mode: '0600' }, 'modified mode medium default'],
    ['a package version', aPackage(), aPackage({ version: '6' }), 'modified version medium default'],
    ['an added package', undefined, aPackage(), 'added purl,status,version medium default'],
    ['a removed package', aPackage(), undefined, 'removed purl,status,version medium default'],
  ];
  it.each(immutable)('where nothing may change: %s', (_what, before, after, found) => {
    expect(told([], before, after)).toBe(found);
  });

  const guarded: readonly Case[] = [
    ['a new setuid file', undefined, setuid, `added ${asFile} critical guard setuid`],
    ['a new setgid file', undefined, aFile({ mode: '2755' }), `added ${asFile} critical guard setuid`],
    ['a setuid bit', program, setuid, 'modified mode critical guard setuid'],
    [
      'the content of a setuid file',
      setuid,
      aFile({ mode: '4755', content: contentB }),
      'modified content critical guard setuid',
    ],
    ['the owner of a setuid file', setuid, aFile({ mode: '4755', uid: 1 }), 'modified uid critical guard setuid'],
    ['a directory that became a setuid file', aDir('/usr/share/a'), setuid, 'modified type critical guard setuid'],
    ['a setuid bit taken away', setuid, program, 'modified mode medium default'],
    ['a removed setuid file', setuid, undefined, `removed ${asFile} medium default`],
    ['a setgid directory', undefined, { ...aDir(), mode: '2755' }, 'added gid,mode,type,uid medium default'],
    ['a new device', undefined, aDevice('1:1'), 'added gid,mode,rdev,type,uid high guard device'],
    ['another device', aDevice('1:3'), aDevice('1:1'), 'modified rdev high guard device'],
    ['a device in place of a file', aFile(), aDevice('1:1'), 'modified type high guard device'],
    ['a removed device', aDevice('1:3'), undefined, 'removed gid,mode,rdev,type,uid medium default'],
    [
      'a device that gives nothing, where it is no use',
      undefined,
      aDevice('1:3'),
      'added gid,mode,rdev,type,uid high guard device',
    ],
    [
      'null in its place',
      undefined,
      { ...aDevice('1:3'), name: '/dev/null' },
      'added gid,mode,rdev,type,uid medium default',
    ],
    [
      'a disk called null',
      undefined,
      { ...aDevice('8:0'), name: '/dev/null' },
      'added gid,mode,rdev,type,uid high guard device',
    ],
  ];
  it.each(guarded)('guards: %s', (_what, before, after, found) => {
    expect(told([], before, after)).toBe(found);
  });

  const ephemeral: readonly Case[] = [
    ['a new file', undefined, aFile(), undefined],
    ['a new directory, however open', undefined, { ...aDir(), mode: '1777' }, undefined],
    ['a removed file', aFile(), undefined, undefined],
    ['other content', aFile(), aFile({ content: contentB, size: '9', uid: 1 }), undefined],
    ['a new executable', undefined, program, `added ${asFile} medium /usr/**`],
    ['a file that nobody but its owner may run', undefined, aFile({ mode: '0700' }), `added ${asFile} medium /usr/**`],
    ['a known file made executable', aFile(), program, 'modified mode medium /usr/**'],
    ['a known executable, run by others now', program, aFile({ mode: '0700' }), undefined],
    ['other content of an executable', program, { ...program, content: contentB }, 'modified content medium /usr/**'],
    ['a link in place of a file', program, aLink('/bin/sh'), undefined],
    ['an executable in place of a link', aLink('/bin/sh'), program, 'modified type medium /usr/**'],
    ['an executable that could not be read', program, { ...unread, mode: '0755' }, undefined],
    ['a setuid file', undefined, setuid, `added ${asFile} critical guard setuid`],
    ['a device', undefined, aDevice('1:1'), 'added gid,mode,rdev,type,uid high guard device'],
    ['a removed device', aDevice('1:1'), undefined, undefined],
    ['what every container has in its /dev', undefined, { ...aDevice('1:9'), name: '/dev/urandom' }, undefined],
    ['null over a file of /proc', undefined, { ...aDevice('1:3'), name: '/proc/kcore' }, undefined],
    [
      'a disk by the number of null',
      undefined,
      { ...aDevice('1:3'), name: '/dev/null', type: 'block' },
      'added gid,mode,rdev,type,uid high guard device',
    ],
  ];
  it.each(ephemeral)('where anything may be written: %s', (_what, before, after, found) => {
    expect(told([{ match: ['/usr/**', '/dev/**', '/proc/**'], as: 'ephemeral' }], before, after)).toBe(found);
  });

  const perInstance: readonly Case[] = [
    ['other content', aFile(), aFile({ content: contentB, size: '9' }), undefined],
    ['another target', aLink('/x'), aLink('/y'), undefined],
    ['another mode', aFile(), aFile({ mode: '0666', content: contentB }), 'modified mode medium /usr/**'],
    ['another owner', aFile(), aFile({ uid: 7 }), 'modified uid medium /usr/**'],
    ['another type', aFile(), aLink('/x'), 'modified type medium /usr/**'],
    ['removed', aFile(), undefined, `removed ${asFile} medium /usr/**`],
    ['a plain file that was not baked', undefined, aFile(), undefined],
    ['an executable that was not baked', undefined, program, `added ${asFile} medium /usr/**`],
    ['a link that was not baked', undefined, aLink('/x'), 'added gid,target,type,uid medium /usr/**'],
    ['a directory that was not baked', undefined, aDir(), 'added gid,mode,type,uid medium /usr/**'],
    [
      'a setuid file with other content',
      setuid,
      { ...setuid, content: contentB },
      'modified content critical guard setuid',
    ],
  ];
  it.each(perInstance)('where each instance has its own: %s', (_what, before, after, found) => {
    expect(told([{ match: '/usr/**', as: 'per-instance' }], before, after)).toBe(found);
  });

  it('does not look at what is ignored, guards or not', () => {
    expect(told([{ match: '/usr/**', as: 'ignored', reason: 'r' }], undefined, setuid)).toBeUndefined();
  });

  it('takes the first rule that matches', () => {
    const rules = [
      { match: '/usr/share/*', as: 'immutable', severity: 'low' },
      { match: '/usr/**', as: 'ephemeral' },
    ];

    expect(told(rules, undefined, aFile())).toBe(`added ${asFile} low /usr/share/*`);
    expect(told(rules, undefined, aFile({ name: '/usr/share/a/b' }))).toBeUndefined();
  });

  it('takes the highest severity, of rule or guard', () => {
    const rule = (severity: string) => [{ match: '/usr/**', as: 'immutable', severity }];

    expect(told(rule('info'), undefined, aFile())).toBe(`added ${asFile} info /usr/**`);
    expect(told(rule('info'), undefined, setuid)).toBe(`added ${asFile} critical guard setuid`);
    expect(told(rule('critical'), undefined, aDevice('1:1'))).toBe('added gid,mode,rdev,type,uid critical /usr/**');
  });

  it('weakens only the guard that a rule names', () => {
    const rules = [{ match: '/usr/**', as: 'ephemeral', override: 'device', reason: 'r' }];

    expect(told(rules, undefined, aDevice('1:1'))).toBeUndefined();
    expect(told(rules, undefined, setuid)).toBe(`added ${asFile} critical guard setuid`);
  });

  it('judges names that are not text by their bytes', () => {
    const rules = [{ match: '/[\\xff]', as: 'ephemeral' }];

    expect(told(rules, undefined, aFile({ name: '/\\xff' }))).toBeUndefined();
    expect(told(rules, undefined, aFile({ name: '/\\xfe' }))).toContain('added');
  });

  it('gives both sides whole, and a fingerprint of the difference alone', () => {
    const finding = compareEntry(aFile(), aFile({ mode: '0600' }), openRulebook([]))!;

    expect(finding.expected).toEqual({
      type: 'file',
      mode: '0644',
      uid: 0,
      gid: 0,
      size: '1',
      content: aFile().content,
    });
    expect(finding.actual['mode']).toBe('0600');
    expect(finding.fingerprint).toBe(fingerprintOf(finding));
    const elsewhere = compareEntry(
      aFile({ content: contentB }),
      aFile({ mode: '0600', content: contentB }),
      openRulebook([]),
    );
    expect(elsewhere?.fingerprint).toBe(finding.fingerprint);
  });
});
