import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../shared/entry.ts';
import type { Change } from '../../shared/finding.ts';
import { privilegeChange, privilegesOf } from '../../shared/privilege.ts';

const file = { type: 'file', mode: '0755', uid: 0, gid: 0 };
const change = (expected: Attributes, actual: Attributes, how: Change = 'modified') =>
  privilegeChange({ subject: 'file', name: '/usr/bin/x', change: how, attributes: [], expected, actual });

describe('what a program gives to whoever runs it', () => {
  it.each<[Attributes, readonly string[]]>([
    [file, []],
    [{ ...file, mode: '4755' }, ['setuid root']],
    [{ ...file, mode: '6755', uid: 33, gid: 42 }, ['setuid 33', 'setgid 42']],
    [{ ...file, capabilities: 'cap_net_raw=ep' }, ['cap_net_raw=ep']],
    [{ ...file, type: 'dir', mode: '2755' }, []],
  ])('%j is %j', (attributes, privileges) => {
    expect(privilegesOf(attributes)).toEqual(privileges);
  });

  it('is said where it changes', () => {
    expect(change(file, { ...file, mode: '4755' })).toBe('gains setuid root');
    expect(change({ ...file, mode: '4755' }, { ...file, mode: '4755', uid: 33 })).toBe(
      'gains setuid 33, loses setuid root',
    );
    expect(change({ ...file, capabilities: 'cap_net_raw=ep' }, file)).toBe('loses cap_net_raw=ep');
    expect(change({}, { ...file, mode: '4755' }, 'added')).toBe('gains setuid root');
  });

  it('is not said where it is the same, or the program is gone', () => {
    expect(change({ ...file, mode: '4755' }, { ...file, mode: '4711' })).toBeUndefined();
    expect(change({ ...file, mode: '4755' }, {}, 'removed')).toBeUndefined();
  });
});
