/** A socket that takes what comes from anywhere. */
export interface ListeningSocket {
  /** `tcp/22`: the protocol of both address families, and its port; of `raw` the IP protocol, of `packet` the EtherType. */
  readonly name: string;
  readonly inode: string;
  /** `local` where only this machine reaches it. */
  readonly reach: 'local' | 'network';
}

/** The tables in /proc/net, by the protocol that they are about. */
export const socketTables = {
  packet: ['packet'],
  raw: ['raw', 'raw6'],
  tcp: ['tcp', 'tcp6'],
  udp: ['udp', 'udp6'],
  udplite: ['udplite', 'udplite6'],
} as const;
export type SocketProtocol = keyof typeof socketTables;

/**
 * The listening sockets of one table (proc_net(5)). One of TCP listens in state 0A. One of UDP has no peer: state 07. Of
 * raw and packet sockets all do. Undefined where a line is anything else than it should be.
 */
export function parseSockets(text: string, protocol: SocketProtocol): readonly ListeningSocket[] | undefined {
  const [, ...lines] = text.split('\n');
  const sockets: ListeningSocket[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const socket = protocol === 'packet' ? packetSocket(line) : inetSocket(line, protocol);
    if (socket === undefined) return undefined;
    if (socket !== 'no-listener') sockets.push(socket);
  }
  return sockets;
}

/** sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode … */
const inetForm =
  /^ *\d+: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) [0-9A-F]+:[0-9A-F]+ \S+ \S+ +\d+ +\d+ (\d+)(?: |$)/;

function inetSocket(
  line: string,
  protocol: Exclude<SocketProtocol, 'packet'>,
): ListeningSocket | 'no-listener' | undefined {
  const parts = inetForm.exec(line);
  if (parts === null) return undefined;
  const [, address, port, state, inode] = parts as unknown as [string, string, string, string, string];
  if (state !== (protocol === 'tcp' ? '0A' : '07')) return 'no-listener';
  const name = `${protocol}/${Number.parseInt(port, 16)}`;
  return { name, inode, reach: isLoopback(address) ? 'local' : 'network' };
}

/** 127.0.0.0/8, ::1, and the former within the latter's family; each word of an address has the byte order of the machine. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  if (address === '00000000000000000000000001000000') return true;
  return address.startsWith('0000000000000000FFFF0000') && address.endsWith('7F');
}

/** sk RefCnt Type Proto Iface R Rmem User Inode. One of protocol 0 is given nothing (packet(7)). */
const packetForm = /^\S+ +\d+ +\d+ +([0-9a-f]{4}) +\d+ +\d+ +\d+ +\d+ +(\d+) *$/;

function packetSocket(line: string): ListeningSocket | 'no-listener' | undefined {
  const parts = packetForm.exec(line);
  if (parts === null) return undefined;
  const protocol = Number.parseInt(parts[1]!, 16);
  return protocol === 0 ? 'no-listener' : { name: `packet/${protocol}`, inode: parts[2]!, reach: 'network' };
}

/** `first last` (ip_local_port_range): the ports that the kernel gives to who asks for any. */
export function parsePortRange(text: string): readonly [first: number, last: number] | undefined {
  const parts = /^(\d{1,5})\s+(\d{1,5})\s*$/.exec(text);
  return parts === null ? undefined : [Number(parts[1]), Number(parts[2])];
}
