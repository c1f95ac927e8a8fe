import { describe, expect, it } from 'vitest';
import { judgeListeners } from '../../../agent/check/judge-listeners.ts';
import type { ListeningSocket } from '../../../agent/collect/live/sockets.ts';
import { Listening } from '../../../shared/listening.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aMachine } from '../../support/live-facts.ts';

interface Given {
  /** `tcp/22 /usr/sbin/sshd,/bin/sh`: a socket, and who holds it. */
  readonly sockets: readonly string[];
  readonly listening?: readonly unknown[];
  readonly rules?: readonly unknown[];
  readonly isPartial?: boolean;
  readonly closed?: boolean;
}

function judge({ sockets, listening = [], rules = [], isPartial = false, closed = false }: Given) {
  const held = new Map(sockets.map((line, inode) => [`${inode}`, line.split(' ')[1]?.split(',') ?? []]));
  const listed: ListeningSocket[] = sockets.map((line, inode) => ({
    name: line.split(' ')[0]!,
    inode: `${inode}`,
    reach: line.endsWith(' local') ? 'local' : 'network',
  }));
  let looks = 0;
  const asked: (readonly string[] | 'all')[] = [];
  const machine = {
    ...aMachine({
      holders: (inodes, programs) => {
        asked.push(programs === undefined ? 'all' : [...programs]);
        const of = [...held].filter(([inode]) => inodes.has(inode));
        const seen = of.map(([inode, by]) => [inode, by.filter((one) => programs?.has(one) ?? true)] as const);
        return {
          of: new Map(seen.filter(([, by]) => by.length > 0).map(([inode, by]) => [inode, new Set(by)])),
          isPartial,
        };
      },
    }),
    listeners: () => ({ sockets: closed && looks++ > 0 ? [] : listed, clients: 0, unseen: undefined }),
  };
  const rulebook = openRulebook(rules.map((rule) => Rule.parse(rule)));
  const { verdicts, holes } = judgeListeners(machine, Listening.parse(listening), rulebook);
  const told = verdicts.flatMap((one) =>
    typeof one === 'object'
      ? [`${one.name} ${one.actual['programs']} ${one.actual['reach']} ${one.severity} ${one.rule}`]
      : [],
  );
  return { told, holes, asked };
}

describe('what listens, against what is declared', () => {
  it('is fine when it is declared, whoever holds it, and nobody asks who does', () => {
    const { told, asked } = judge({
      sockets: ['tcp/22 /bin/x', 'udp/68'],
      listening: [{ socket: 'tcp/22' }, { socket: 'udp/68' }],
    });

    expect(told).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('is a finding when it is not declared, once for its name, with all who hold it', () => {
    const { told } = judge({
      sockets: ['tcp/4444 /tmp/x', 'tcp/4444 /bin/sh,/tmp/x', 'tcp/22 /usr/sbin/sshd'],
      listening: [{ socket: 'tcp/22' }],
    });

    expect(told).toEqual(['tcp/4444 /bin/sh,/tmp/x network high guard listening']);
  });

  it('is a finding where an empty list says that nothing may', () => {
    expect(judge({ sockets: ['raw/1 /bin/ping'] }).told).toEqual(['raw/1 /bin/ping network high guard listening']);
  });

  it('is fine when one of those who hold it is the declared program, and only such programs are asked', () => {
    const listening = [{ socket: 'tcp/22', program: ['/usr/sbin/sshd', '/usr/lib/systemd/systemd'] }];

    const { told, asked } = judge({ sockets: ['tcp/22 /bin/sh,/usr/sbin/sshd'], listening });

    expect(told).toEqual([]);
    expect(asked).toEqual([['/usr/sbin/sshd', '/usr/lib/systemd/systemd']]);
  });

  it('is a finding when another program holds the declared port, or a container does', () => {
    const listening = [{ socket: 'tcp/22', program: '/usr/sbin/sshd' }];

    expect(judge({ sockets: ['tcp/22 /tmp/x'], listening }).told).toEqual([
      'tcp/22 /tmp/x network high guard listening',
    ]);
    expect(judge({ sockets: ['tcp/22 container:/usr/sbin/sshd'], listening }).told).toEqual([
      'tcp/22 container:/usr/sbin/sshd network high guard listening',
    ]);
  });

  it('is no finding when it was closed while we asked whose it is', () => {
    expect(judge({ sockets: ['tcp/4444'], closed: true }).told).toEqual([]);
    expect(judge({ sockets: ['tcp/4444 /tmp/x'], closed: true }).told).toHaveLength(1);
  });

  it('is a hole when it is declared for a program and who holds it may not be seen', () => {
    const { told, holes } = judge({
      sockets: ['tcp/22', 'tcp/4444'],
      listening: [{ socket: 'tcp/22', program: '/usr/sbin/sshd' }],
      isPartial: true,
    });

    expect(holes).toEqual([{ subject: 'listening-socket', name: '/proc', reason: 'unreadable' }]);
    expect(told).toEqual(['tcp/4444  network high guard listening']);
  });

  it('is silenced by a rule about every program that holds it', () => {
    const rules = [{ match: '/usr/sbin/rpc.*', as: 'immutable', override: 'listening', reason: 'ports as they come' }];

    expect(judge({ sockets: ['tcp/35001 /usr/sbin/rpc.statd'], rules }).told).toEqual([]);
    expect(judge({ sockets: ['tcp/35001 /usr/sbin/rpc.statd,/tmp/x'], rules }).told).toHaveLength(1);
    expect(judge({ sockets: ['tcp/35001'], rules }).told).toHaveLength(1);
  });

  it.each([
    ['tcp/22', 'tcp/22', true],
    ['tcp/22', 'udp/22', false],
    ['tcp/22', 'tcp/220', false],
    ['tcp/8000-8010', 'tcp/8010', true],
    ['tcp/8000-8010', 'tcp/8011', false],
  ])('is declared by %s: %s %s', (socket, name, isFine) => {
    expect(judge({ sockets: [`${name} /x`], listening: [{ socket }] }).told.length === 0).toBe(isFine);
  });

  it('is declared on every port for a program only', () => {
    const listening = [{ socket: 'udp/*', program: '/usr/sbin/unbound' }];

    expect(judge({ sockets: ['udp/12345 /usr/sbin/unbound'], listening }).told).toEqual([]);
    expect(judge({ sockets: ['udp/12345 /tmp/x'], listening }).told).toHaveLength(1);
  });

  it.each([
    { socket: 'udp/*' },
    { socket: 'tcp/65536' },
    { socket: 'tcp/9-8' },
    { socket: 'tcp/' },
    { socket: 'icmp/1' },
    { socket: 'tcp/22', program: 'sshd' },
    { socket: 'tcp/22', program: [] },
    { socket: 'tcp/22', port: 22 },
  ])('cannot be declared by %j', (one) => {
    expect(Listening.safeParse([one]).success).toBe(false);
  });
});
