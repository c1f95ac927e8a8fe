import { BlockList, isIP } from 'node:net';

/** Without what names the local interface; an IPv4 address that came in by an IPv6 socket is an IPv4 address. */
export function peerOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(/%.*$/, '');
  return address.toLowerCase().startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** False for an address that is none: what cannot be read lies in no network. */
export function isWithin(peer: string, cidrs: readonly string[]): boolean {
  const version = isIP(peer);
  if (version === 0) return false;
  const networks = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/');
    networks.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return networks.check(peer, version === 6 ? 'ipv6' : 'ipv4');
}

/** What one customer of a network is given is one: a /64 of IPv6 has more addresses than anybody can count. */
export function neighbourhoodOf(peer: string): string {
  return isIP(peer) === 6 ? `${expanded(peer).slice(0, 4).join(':')}::/64` : peer;
}

function expanded(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  if (tail === undefined) return groups(head);
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length);
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)];
}
