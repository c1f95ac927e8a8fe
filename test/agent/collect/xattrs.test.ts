import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../agent/collect/xattrs.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const facts = (xattrs: Record<string, Buffer | string>) =>
  factsOf(new Map(Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value as string)])));

describe('extended attributes', () => {
  it('are written as names are, bytes and all', () => {
    expect(facts({ 'user.comment': 'a b', 'user.\xff': hex('00ff0a'), 'user.empty': '' })).toEqual({
      xattrs: { 'user.comment': 'a b', 'user.\\xff': '\\x00\\xff\\x0a', 'user.empty': '' },
    });
  });

  it('are a digest where they are long, and nothing else passes for one', () => {
    const long = facts({ 'user.a': 'x'.repeat(1_025) }).xattrs!['user.a']!;

    expect(long).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(facts({ 'user.a': long }).xattrs!['user.a']).not.toBe(long);
    expect(facts({ 'user.a': 'x'.repeat(1_024) }).xattrs!['user.a']).toBe('x'.repeat(1_024));
  });

  it('keep of a label only its type', () => {
    expect(facts({ 'security.selinux': 'system_u:object_r:etc_t:s0\0' })).toEqual({ selinux: 'etc_t' });
  });

  it('stay as they are where they are not what their name promises', () => {
    const broken = {
      'security.capability': hex('00'),
      'security.selinux': 'nonsense',
      'system.posix_acl_access': hex('02000000ff'),
    };

    expect(facts(broken)).toEqual({
      xattrs: {
        'security.capability': '\\x00',
        'security.selinux': 'nonsense',
        'system.posix_acl_access': '\\x02\\x00\\x00\\x00\\xff',
      },
    });
  });
});

describe('the capabilities of a file', () => {
  const capability = (text: string) => facts({ 'security.capability': hex(text) });

  it.each([
    ['0100000200200000000000000000000000000000', 'cap_net_raw=ep'],
    ['0000000200300000002000000000000000000000', 'cap_net_admin=p cap_net_raw=ip'],
    ['0100000200000000000000000001000000000000', 'cap_checkpoint_restore=ep'],
    ['0100000200000000000000000000008000000000', '63=ep'],
    ['010000030020000000000000000000000000000010270000', 'cap_net_raw=ep [rootid=10000]'],
    ['000000010100000000000000', 'cap_chown=p'],
    ['0000000200000000000000000000000000000000', '='],
  ])('%s are %s', (bytes, text) => {
    expect(capability(bytes)).toEqual({ capabilities: text });
  });

  it.each(['', '01', '0100000200200000', '0100000900200000000000000000000000000000'])(
    'are not understood from %j',
    (bytes) => {
      expect(capability(bytes).capabilities).toBeUndefined();
    },
  );
});

describe('an ACL', () => {
  const entry = (tag: string, permissions: string, id = 'ffffffff') => `${tag}00${permissions}00${id}`;
  const minimal = `02000000${entry('01', '06')}${entry('04', '04')}${entry('20', '04')}`;
  const named = `02000000${entry('01', '06')}${entry('02', '04', 'e8030000')}${entry('04', '04')}${entry('10', '04')}${entry('20', '00')}`;

  it('is written in the short form of acl(5), the inherited one after it', () => {
    expect(facts({ 'system.posix_acl_access': hex(named) })).toEqual({
      acl: 'user::rw-,user:1000:r--,group::r--,mask::r--,other::---',
    });
    expect(facts({ 'system.posix_acl_access': hex(named), 'system.posix_acl_default': hex(minimal) }).acl).toBe(
      'user::rw-,user:1000:r--,group::r--,mask::r--,other::---,default:user::rw-,group::r--,other::r--',
    );
    expect(facts({ 'system.posix_acl_default': hex(minimal) }).acl).toBe('default:user::rw-,group::r--,other::r--');
  });

  it.each(['', '02000000', '01000000', `${minimal}00`, `02000000${entry('03', '06')}`, `02000000${entry('01', '09')}`])(
    'is not understood from %j',
    (bytes) => {
      expect(facts({ 'system.posix_acl_access': hex(bytes) }).acl).toBeUndefined();
    },
  );
});
