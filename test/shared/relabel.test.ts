import { describe, expect, it } from 'vitest';
import type { Finding } from '../../shared/finding.ts';
import { filesWithoutRelabelMax, foldRelabels, relabelFingerprint, relabelKindOf } from '../../shared/relabel.ts';
import { aFinding } from '../support/builders.ts';

const file = { type: 'file', mode: '0644', uid: 0, gid: 0, size: '1', content: 'sha256:00' };

/** A file of which the given attributes differ, as `compareEntry` says it. */
function changed(
  name: string,
  before: Finding['expected'],
  after: Finding['actual'],
  overrides: Partial<Finding> = {},
) {
  const attributes = Object.keys({ ...before, ...after }).sort();
  const [expected, actual] = [
    { ...file, ...before },
    { ...file, ...after },
  ];
  return aFinding({ name, attributes, expected, actual, severity: 'medium', rule: '/usr/**', ...overrides });
}

const relabelled = (count: number, overrides: Partial<Finding> = {}) =>
  Array.from({ length: count }, (_, n) => changed(`/f${n}`, { selinux: 'etc_t' }, { selinux: 'var_t' }, overrides));

describe('a finding that may be part of a relabel', () => {
  it.each([
    ['a label', { selinux: 'etc_t' }, { selinux: 'var_t' }, 'selinux'],
    ['a lost label', { selinux: 'etc_t' }, {}, 'selinux'],
    ['an owner', { gid: 0, uid: 0 }, { gid: 5, uid: 5 }, 'gid,uid'],
    ['a mode', { mode: '0644' }, { mode: '0600' }, 'mode'],
    ['an ACL', {}, { acl: 'u::rw-' }, 'acl'],
    ['capabilities that are gone', { capabilities: 'cap_net_raw=ep' }, {}, 'capabilities'],
    ['extended attributes', { xattrs: { 'user.a': '1' } }, {}, 'xattrs'],
    ['a flag', {}, { flags: 'immutable' }, 'flags'],
  ])('differs in %s and in nothing else', (_, before, after, kind) => {
    expect(relabelKindOf(changed('/f', before as Finding['expected'], after as Finding['actual']))).toBe(kind);
  });

  it.each([
    ['its content', { content: 'sha256:00' }, { content: 'sha256:01' }],
    ['its label and its content', { content: 'sha256:00', selinux: 'a' }, { content: 'sha256:01', selinux: 'b' }],
    ['its target', { target: 'a' }, { target: 'b' }],
    ['its type', { type: 'file' }, { type: 'dir' }],
    ['its device', { rdev: '1:5' }, { rdev: '1:6' }],
  ])('does not differ in %s', (_, before, after) => {
    expect(relabelKindOf(changed('/f', before, after))).toBeUndefined();
  });

  it.each([
    ['was added', { change: 'added' as const }],
    ['is gone', { change: 'removed' as const }],
    ['is of a package', { subject: 'package' }],
    ['fired a guard', { rule: 'guard capabilities' }],
    ['says no attribute', { attributes: [] }],
  ])('is not one that %s', (_, overrides) => {
    expect(relabelKindOf(changed('/f', { mode: '0644' }, { mode: '0600' }, overrides))).toBeUndefined();
  });

  it.each([
    ['became set-id', { mode: '0755' }, { mode: '4755' }],
    ['is set-id and has another owner', { mode: '4755', uid: 0 }, { mode: '4755', uid: 5 }],
    ['got capabilities', {}, { capabilities: 'cap_net_raw=ep' }],
  ])('is not a program that %s, even where the rule is as severe as the guard', (_, before, after) => {
    const attributes = Object.keys(after).filter((name) => (before as never)[name] !== (after as never)[name]);
    const finding = changed('/f', before as never, after as never, { attributes, severity: 'critical' });

    expect(relabelKindOf(finding)).toBeUndefined();
  });
});

describe('findings folded', () => {
  it('are no relabel on 1,000 files, and one on one more', () => {
    const few = foldRelabels(relabelled(filesWithoutRelabelMax));
    const many = foldRelabels(relabelled(filesWithoutRelabelMax + 1));

    expect([filesWithoutRelabelMax, few.relabels, few.rest.length]).toEqual([1_000, [], 1_000]);
    expect(many.relabels).toEqual([
      { fingerprint: relabelFingerprint('selinux'), attributes: ['selinux'], files: 1_001, severity: 'medium' },
    ]);
    expect(many.rest).toEqual([]);
  });

  it('leave everything else as it is, and are each in one place', () => {
    const others = [changed('/a', { content: 'sha256:00' }, { content: 'sha256:01' }), aFinding({ name: '/b' })];
    const owners = [changed('/c', { uid: 0 }, { uid: 1 })];

    const { relabels, members, rest } = foldRelabels([...others, ...relabelled(3), ...owners], 2);

    expect(rest).toEqual([...others, ...owners]);
    expect([...members.values()].flat()).toEqual(relabelled(3));
    expect(relabels.map(({ files }) => files)).toEqual([3]);
  });

  it('are as grave as the gravest, and the one of most files is first', () => {
    const modes = [1, 2].map((n) => changed(`/m${n}`, { mode: '0644' }, { mode: '0600' }));
    const labels = [...relabelled(2), changed('/x', { selinux: 'a' }, { selinux: 'b' }, { severity: 'high' })];

    const { relabels } = foldRelabels([...modes, ...labels], 1);

    expect(relabels.map(({ attributes, severity }) => [attributes, severity])).toEqual([
      [['selinux'], 'high'],
      [['mode'], 'medium'],
    ]);
  });
});

it('a relabel has one fingerprint, whatever files it is of', () => {
  // printf '{"bulk":"selinux","v":1}' | sha256sum
  expect(relabelFingerprint('selinux')).toBe('e324e021184ebd64eaefbd5e2453feeb3156f96473f62ea7074ffe1bde8049ba');
});
