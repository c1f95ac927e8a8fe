import { close, libc } from './libc.ts';

type Socket = (domain: number, type: number, protocol: number) => number;
type SendTo = (fd: number, text: Buffer, bytes: number, flags: number, to: Buffer, toBytes: number) => number;

const [unix, datagram, nonBlocking, closeOnExec] = [1, 2, 0x800, 0x80000];
const [dontWait, noSignal] = [0x40, 0x4000];
/** `sun_path` of unix(7). */
const pathBytesMax = 108;

/** A datagram socket of the Unix domain, to which we only send. */
export interface NotifySocket {
  /** False when it was not taken: nobody is there, or whoever is does not keep up. Never waits. */
  send(text: string): boolean;
  close(): void;
}

/**
 * The socket of sd_notify(3): a path, or an abstract name that begins with `@`. Undefined for any other kind (`vsock:`), for
 * a name that no socket can have, and where there are no sockets. Node opens no datagram socket of the Unix domain.
 */
export function openNotifySocket(name: string): NotifySocket | undefined {
  const to = addressOf(name);
  if (to === undefined) return undefined;
  // Loaded here, because only an agent that is watched needs it.
  const socket = libc.func('int socket(int, int, int)') as Socket;
  const sendto = libc.func(
    'int64_t sendto(int, const uint8_t *, uint64_t, int, const uint8_t *, unsigned int)',
  ) as SendTo;
  const fd = socket(unix, datagram | nonBlocking | closeOnExec, 0);
  if (fd === -1) return undefined;
  return {
    send(text) {
      const bytes = Buffer.from(text);
      return sendto(fd, bytes, bytes.length, dontWait | noSignal, to, to.length) === bytes.length;
    },
    close: () => void close(fd),
  };
}

/** `struct sockaddr_un`: the name of an abstract one ends where the address does, a path with its NUL. */
function addressOf(name: string): Buffer | undefined {
  const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`);
  if (!/^[/@]./.test(name) || path.length > pathBytesMax) return undefined;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unix);
  return Buffer.concat([family, path]);
}
