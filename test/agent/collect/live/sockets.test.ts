import { describe, expect, it } from 'vitest';
import { parsePortRange, parseSockets } from '../../../../agent/collect/live/sockets.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, state: string, inode: number, remote = '00000000:0000') =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;
const any6 = '0'.repeat(32);

describe('the tables of /proc/net', () => {
  it('are the sockets of TCP that listen, and no connection', () => {
    const text = `${head}${row('00000000:0016', '0A', 1)}${row('0100007F:0277', '0A', 2)}${row('0100007F:0016', '01', 3)}${row('0A01A8C0:1F90', '0A', 4)}${row('0100007F:0016', '06', 0)}`;

    expect(parseSockets(text, 'tcp')).toEqual([
      { name: 'tcp/22', inode: '1', reach: 'network' },
      { name: 'tcp/631', inode: '2', reach: 'local' },
      { name: 'tcp/8080', inode: '4', reach: 'network' },
    ]);
  });

  it('are those of the other family under the same name', () => {
    const text = [
      row(`${any6}:0016`, '0A', 1, `${any6}:0000`),
      row('00000000000000000000000001000000:0277', '0A', 2, `${any6}:0000`),
      row('0000000000000000FFFF00000100007F:0050', '0A', 3, `${any6}:0000`),
      row('B80D01200000000000000000010000FF:0051', '0A', 4, `${any6}:0000`),
    ];

    expect(parseSockets(head + text.join(''), 'tcp')?.map(({ name, reach }) => `${name} ${reach}`)).toEqual([
      'tcp/22 network',
      'tcp/631 local',
      'tcp/80 local',
      'tcp/81 network',
    ]);
  });

  it('are the sockets of UDP without a peer', () => {
    const text = `${head}${row('00000000:0044', '07', 1)}${row('0A01A8C0:A000', '01', 2, '0101A8C0:0035')}`;

    expect(parseSockets(text, 'udp')).toEqual([{ name: 'udp/68', inode: '1', reach: 'network' }]);
  });

  it('are raw sockets by their protocol, and packet sockets that are given anything', () => {
    const packets =
      'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n' +
      '00000000c098e0a2 3      3    0003   0     1 0      0      7\n' +
      '00000000c098e0a3 3      2    88cc   2     1 0      101    8\n00000000c098e0a4 3      3    0000   0     0 0      0      9\n';

    expect(parseSockets(head + row('00000000:0001', '07', 5), 'raw')).toEqual([
      { name: 'raw/1', inode: '5', reach: 'network' },
    ]);
    expect(parseSockets(packets, 'packet')?.map(({ name, inode }) => `${name} ${inode}`)).toEqual([
      'packet/3 7',
      'packet/35020 8',
    ]);
  });

  it.each([
    'x\n',
    row('00000000:001', '0A', 1),
    row('0000000:0016', '0A', 1),
    row('00000000:0016', 'A', 1),
    row('00000000:0016', '0A', 1).slice(0, 60),
    row('00000000:0016', '0A', 1).replace('0: ', '0 '),
    '\0\n',
  ])('are not understood when a line is %j', (line) => {
    expect(parseSockets(head + row('00000000:0016', '0A', 1) + line, 'tcp')).toBeUndefined();
    expect(parseSockets(head + line, 'packet')).toBeUndefined();
  });

  it('are empty beneath their head', () => {
    expect(parseSockets('', 'tcp')).toEqual([]);
    expect(parseSockets(head, 'udp')).toEqual([]);
  });

  it('have the range of ports for clients beside them', () => {
    expect(parsePortRange('32768\t60999\n')).toEqual([32_768, 60_999]);
    expect(parsePortRange('32768')).toBeUndefined();
    expect(parsePortRange('')).toBeUndefined();
  });
});
