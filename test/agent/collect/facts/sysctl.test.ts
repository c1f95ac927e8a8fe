import { describe, expect, it } from 'vitest';
import { parseSysctl, sysctl } from '../../../../agent/collect/facts/sysctl.ts';
import { factsIn } from '../../../support/fact-tree.ts';

describe('sysctl configuration', () => {
  it.each([
    ['net.ipv4.ip_forward = 1', 'net.ipv4.ip_forward', '1'],
    ['net/ipv4/ip_forward=1', 'net.ipv4.ip_forward', '1'],
    ['net/ipv4/conf/eth0.5/forwarding=1', 'net.ipv4.conf.eth0/5.forwarding', '1'],
    ['net.ipv4.conf.eth0/5.forwarding=1', 'net.ipv4.conf.eth0/5.forwarding', '1'],
    ['-kernel.x =  1\t2 \r', 'kernel.x', '1 2'],
    ['-net.ipv4.conf.eth0.rp_filter', '-net.ipv4.conf.eth0.rp_filter', ''],
    ['net.ipv4.conf.*.rp_filter = 2', 'net.ipv4.conf.*.rp_filter', '2'],
    ['kernel.core_pattern=|/bin/x=%p', 'kernel.core_pattern', '|/bin/x=%p'],
    ['no sense', 'no sense', ''],
    ['=', '', ''],
    ['a\0b=\xff', 'a\0b', '\xff'],
  ])('reads %j', (text, key, value) => {
    expect(parseSysctl(`# c\n; d\n\n  ${text}`)).toEqual([{ key, value }]);
  });

  it('is what the last file by name says, of each name the first directory', () => {
    const { entries, holes } = factsIn(sysctl, {
      'usr/lib/sysctl.d/10-a.conf': 'a=vendor\nb=vendor\n',
      'etc/sysctl.d/10-a.conf': 'a=admin\n',
      'run/sysctl.d/20-b.conf': 'c=1\nc=2',
      'usr/lib/sysctl.d/30-masked.conf': 'd=1',
      'etc/sysctl.d/30-masked.conf': { to: '/dev/null' },
      'usr/lib/sysctl.d/40-dangling.conf': 'e=1',
      'etc/sysctl.d/40-dangling.conf': { to: 'round' },
      'etc/sysctl.d/round': { to: 'round' },
      'etc/sysctl.d/README': 'f=1',
      'etc/sysctl.d/50-link.conf': { to: '/../../usr/lib/sysctl.d/10-a.conf' },
      'lib/sysctl.d/60.conf/x': '',
    });

    expect(holes).toEqual([]);
    expect(entries).toEqual([
      { subject: 'sysctl', name: 'a', value: 'vendor', files: ['/etc/sysctl.d/50-link.conf'] },
      { subject: 'sysctl', name: 'b', value: 'vendor', files: ['/etc/sysctl.d/50-link.conf'] },
      { subject: 'sysctl', name: 'c', value: '2', files: ['/run/sysctl.d/20-b.conf'] },
      { subject: 'sysctl', name: 'e', value: '1', files: ['/usr/lib/sysctl.d/40-dangling.conf'] },
    ]);
  });

  it('takes /etc/sysctl.conf where a link puts it, and last without one', () => {
    const tree = { 'etc/sysctl.conf': 'a=old', 'etc/sysctl.d/zz.conf': 'a=new' };
    const valueIn = (more: Parameters<typeof factsIn>[1]) => factsIn(sysctl, { ...tree, ...more }).entries[0];

    expect(valueIn({})).toMatchObject({ value: 'old' });
    expect(valueIn({ 'etc/sysctl.d/99-sysctl.conf': { to: '../sysctl.conf' } })).toMatchObject({ value: 'new' });
  });
});
