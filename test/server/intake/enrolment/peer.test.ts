import { describe, expect, it } from 'vitest';
import { isWithin, neighbourhoodOf, peerOf } from '../../../../server/intake/enrolment/peer.ts';
import { Cidr } from '../../../../shared/cidr.ts';

describe('a peer', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, ''],
  ])('of %s is %s', (address, peer) => {
    expect(peerOf(address)).toBe(peer);
  });

  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['11.1.2.3', ['10.0.0.0/8', '11.0.0.0/8'], true],
    ['fd00::1', ['fd00::/8'], true],
    ['fd00::1', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['0.0.0.0/0'], true],
    ['', ['0.0.0.0/0'], false],
    ['10.1.2.3, 127.0.0.1', ['0.0.0.0/0'], false],
  ])('%s is within %j: %s', (peer, cidrs, within) => {
    expect(isWithin(peer, cidrs)).toBe(within);
  });

  it('shares its neighbourhood with its /64', () => {
    expect(neighbourhoodOf('2001:db8:1:2:3:4:5:6')).toBe(neighbourhoodOf('2001:db8:1:2::9'));
    expect(neighbourhoodOf('2001:db8:1:2::9')).not.toBe(neighbourhoodOf('2001:db8:1:3::9'));
    expect(neighbourhoodOf('10.0.0.1')).toBe('10.0.0.1');
  });
});

it.each([
  ['10.0.0.0/8', true],
  ['fd00::/8', true],
  ['::/0', true],
  ['10.0.0.0', false],
  ['10.0.0.0/33', false],
  ['300.0.0.0/8', false],
  ['fd00::/129', false],
  ['fd00:::/8', false],
  ['10.0.0.0/8 ', false],
])('takes %s for a network: %s', (text, valid) => {
  expect(Cidr.safeParse(text).success).toBe(valid);
});
