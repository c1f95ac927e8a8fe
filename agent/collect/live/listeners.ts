import { readdirSync } from 'node:fs';
import type { HoleReason } from '../../../shared/coverage.ts';
import type { RawName } from '../../../shared/name.ts';
import { readLink } from '../../host/libc.ts';
import { errnoOf } from '../system-path.ts';
import { readProcFile } from './proc-file.ts';
import type { Processes } from './processes.ts';
import { type ListeningSocket, parsePortRange, parseSockets, type SocketProtocol, socketTables } from './sockets.ts';

/** What listens in our network namespace. */
export interface Listeners {
  readonly sockets: readonly ListeningSocket[];
  /** Of UDP, on ports that the kernel gives to clients: nothing tells a server from them there. */
  readonly clients: number;
  readonly unseen: HoleReason | undefined;
}

/** A machine with 300,000 connections. */
const tableBytesMax = 64 * 1_048_576;

export function readListeners(proc: string): Listeners {
  const sockets: ListeningSocket[] = [];
  let unseen: HoleReason | undefined;
  let clients = 0;
  const ports = attempt(() => parsePortRange(readProcFile(`${proc}/sys/net/ipv4/ip_local_port_range`, 4_096)));
  for (const [protocol, tables] of Object.entries(socketTables)) {
    for (const table of tables) {
      const text = attempt(() => readProcFile(`${proc}/net/${table}`, tableBytesMax));
      // A kernel without the protocol has no such table.
      if (text === 'absent') continue;
      const found = text === undefined ? undefined : parseSockets(text, protocol as SocketProtocol);
      if (found === undefined) unseen ??= text === undefined ? 'unreadable' : 'unparseable';
      for (const socket of found ?? []) {
        if (Array.isArray(ports) && isClient(socket, ports as [number, number])) clients++;
        else sockets.push(socket);
      }
    }
  }
  return { sockets, clients, unseen };
}

function isClient({ name }: ListeningSocket, [first, last]: readonly [number, number]): boolean {
  const [protocol, port] = name.split('/');
  return (protocol === 'udp' || protocol === 'udplite') && Number(port) >= first && Number(port) <= last;
}

function attempt<T>(read: () => T): T | 'absent' | undefined {
  try {
    return read();
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'absent' : undefined;
  }
}

/** Who holds a socket, by its inode: programs as findings have them; those of containers with `container:` before them. */
export interface Holders {
  readonly of: ReadonlyMap<string, ReadonlySet<RawName>>;
  /** Some processes do not let us see what they hold. */
  readonly isPartial: boolean;
}

/** Looks at the processes that run one of these programs, or at all. What no process holds belongs to the kernel. */
export function readHolders(
  proc: string,
  { running, unseen }: Pick<Processes, 'running' | 'unseen'>,
  inodes: ReadonlySet<string>,
  programs?: ReadonlySet<RawName>,
): Holders {
  const of = new Map<string, Set<RawName>>();
  let isPartial = unseen !== undefined;
  for (const [pid, program] of running) {
    if (programs !== undefined && !programs.has(program)) continue;
    const files = filesOf(`${proc}/${pid}/fd`);
    if (files === undefined) isPartial = true;
    for (const file of files ?? []) {
      const link = readLink(`${proc}/${pid}/fd/${file}`);
      const inode = typeof link === 'string' ? /^socket:\[(\d+)\]$/.exec(link)?.[1] : undefined;
      if (inode === undefined || !inodes.has(inode)) continue;
      of.set(inode, (of.get(inode) ?? new Set()).add(program));
    }
  }
  return { of, isPartial };
}

/** Undefined where they may not be seen. */
function filesOf(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory);
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH' ? [] : undefined;
  }
}
