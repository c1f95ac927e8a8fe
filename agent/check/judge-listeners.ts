import type { Hole, Skip } from '../../shared/coverage.ts';
import { judgeSocket, type LiveVerdict } from '../../shared/judge-live.ts';
import { isDeclared, type Listener } from '../../shared/listening.ts';
import { type RawName, rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Machine } from '../collect/live/machine.ts';
import type { ListeningSocket } from '../collect/live/sockets.ts';

export interface JudgedListeners {
  readonly checked: number;
  readonly verdicts: readonly LiveVerdict[];
  readonly skipped: readonly Skip[];
  readonly holes: readonly Hole[];
}

/**
 * What listens, against what the rules declare. Whose a socket is costs a look at every open file of a process: it is asked
 * of the declared programs first, and of all only where something is left to explain.
 */
export function judgeListeners(
  machine: Pick<Machine, 'listeners' | 'holders'>,
  listening: readonly Listener[],
  rulebook: Rulebook,
): JudgedListeners {
  const { sockets, clients, unseen } = machine.listeners();
  const declared = new Set(listening.flatMap(({ program = [] }) => program.map((name) => rawName(name))));
  const open = sockets.filter(
    ({ name }) => !listening.some((one) => one.program === undefined && isDeclared(one, name)),
  );
  const known = open.length === 0 ? undefined : machine.holders(inodesOf(open), declared);
  const unexplained = open.filter((socket) => !isHeldAsDeclared(socket, known!.of.get(socket.inode), listening));
  const skipped =
    clients === 0 ? [] : [{ name: 'listening-socket', rule: `udp sockets on ports for clients: ${clients}` }];
  const holes: Hole[] =
    unseen === undefined ? [] : [{ subject: 'listening-socket', name: '/proc/net', reason: unseen }];
  if (unexplained.length === 0) return { checked: sockets.length, verdicts: [], skipped, holes };

  const all = machine.holders(inodesOf(unexplained));
  // One that nobody holds may have been closed since.
  const still = inodesOf(machine.listeners().sockets);
  const found = unexplained.filter(({ inode }) => all.of.has(inode) || still.has(inode));
  // Of whom may hold it and does not show it, nothing is said.
  const isHidden = (socket: ListeningSocket) =>
    all.isPartial && !all.of.has(socket.inode) && listening.some((one) => isDeclared(one, socket.name));
  if (found.some(isHidden)) holes.push({ subject: 'listening-socket', name: '/proc', reason: 'unreadable' });
  const byName = Map.groupBy(
    found.filter((socket) => !isHidden(socket)),
    ({ name }) => name,
  );
  const verdicts = [...byName].map(([name, those]) => {
    const programs = [...new Set(those.flatMap(({ inode }) => [...(all.of.get(inode) ?? [])]))].sort();
    const reach = those.some((socket) => socket.reach === 'network') ? 'network' : 'local';
    return judgeSocket(name, { programs, reach }, rulebook);
  });
  return { checked: sockets.length, verdicts, skipped, holes };
}

function inodesOf(sockets: readonly ListeningSocket[]): ReadonlySet<string> {
  return new Set(sockets.map(({ inode }) => inode));
}

/** One process of a declared program is enough: who started it, or was started by it, often holds the socket too. */
function isHeldAsDeclared(
  { name }: ListeningSocket,
  holders: ReadonlySet<RawName> | undefined,
  listening: readonly Listener[],
): boolean {
  return listening.some(
    (one) => isDeclared(one, name) && one.program?.some((program) => holders?.has(rawName(program))),
  );
}
