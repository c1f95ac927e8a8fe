import { describe, expect, it } from 'vitest';
import { isPlainDirectory, openComponentPlace } from '../../shared/component.ts';
import { BakeConfig } from '../../shared/rules.ts';
import { aDevice, aDir, aFile, aLink, aPackage } from '../support/entries.ts';

const place = openComponentPlace({ paths: ['/opt/cni/bin/**', '/etc/cni/net.d/*.conf', '/srv/**/driver'] });
const sudoers = { subject: 'sudoers', name: 'ALL=(ALL) ALL', files: ['/opt/cni/bin/x'] } as never;

describe('an entry of a component', () => {
  it.each([
    ['a file of its paths', aFile({ name: '/opt/cni/bin/calico', mode: '0755' })],
    ['a directory beneath them', aDir('/opt/cni/bin/plugins')],
    ['a link', aLink('calico', '/opt/cni/bin/install')],
    ['a path of a pattern without **', aFile({ name: '/etc/cni/net.d/10-calico.conf' })],
    ['a package', aPackage()],
  ])('is laid over when it is %s', (_, entry) => {
    expect(place(entry)).toBe('within');
  });

  it.each(['/', '/opt', '/opt/cni', '/opt/cni/bin', '/etc/cni/net.d', '/srv', '/srv/a/b'])(
    'is a directory on the way at %s',
    (name) => {
      expect(place(aDir(name))).toBe('above');
    },
  );

  it.each([
    ['a file elsewhere', aFile({ name: '/usr/bin/sudo' })],
    ['a directory elsewhere', aDir('/opt/other')],
    ['a file where a directory should be on the way', aFile({ name: '/opt/cni' })],
    ['a link on the way', aLink('/tmp', '/opt')],
    ['another name beside a pattern', aFile({ name: '/etc/cni/net.d/10-calico.sh' })],
    ['a set-id program of its paths', aFile({ name: '/opt/cni/bin/x', mode: '4755' })],
    ['a set-group program', aFile({ name: '/opt/cni/bin/x', mode: '2755' })],
    ['a program with capabilities', aFile({ name: '/opt/cni/bin/x', capabilities: 'cap_net_admin=ep' })],
    ['a device', aDevice('1:1', '/opt/cni/bin/mem')],
    ['a rule of sudoers', sudoers],
  ])('makes the component refused when it is %s', (_, entry) => {
    expect(place(entry)).toMatchObject({ refused: expect.any(String) });
  });
});

describe('a directory that the image does not have', () => {
  it('is fine where only root writes', () => {
    expect(isPlainDirectory(aDir())).toBe(true);
  });

  it.each([
    ['writable by all', { mode: '0777' }],
    ['writable by a group', { mode: '0775' }],
    ['set-group', { mode: '2755' }],
    ['of somebody else', { uid: 1000 }],
    ['of another group', { gid: 1000 }],
    ['open to somebody by an ACL', { acl: 'user::rwx,user:1000:rwx' }],
    ['no directory', { type: 'file' as const }],
  ])('is not, where it is %s', (_, overrides) => {
    expect(isPlainDirectory({ ...aDir(), ...overrides })).toBe(false);
  });
});

describe('components in pristine.yaml', () => {
  const parsed = (components: unknown) => BakeConfig.safeParse({ components }).success;

  it('say their name and their paths, and perhaps the one manifest that is meant', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(parsed([{ name: 'cni-calico', paths: ['/opt/cni/bin/**'], digest }])).toBe(true);
    expect(parsed([{ name: 'cni-calico', paths: '/opt/cni/bin/**' }])).toBe(true);
  });

  it.each([
    ['declared twice', [0, 1].map(() => ({ name: 'a', paths: ['/a'] }))],
    ['without a path', [{ name: 'a', paths: [] }]],
    ['with a path that is not absolute', [{ name: 'a', paths: ['opt/**'] }]],
    ['with a name that leaves its directory', [{ name: '../a', paths: ['/a'] }]],
    ['with what nobody knows', [{ name: 'a', paths: ['/a'], optional: true }]],
    ['with a digest that is none', [{ name: 'a', paths: ['/a'], digest: 'latest' }]],
  ])('are refused when one is %s', (_, components) => {
    expect(parsed(components)).toBe(false);
  });
});
