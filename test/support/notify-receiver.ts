import koffi from 'koffi';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const uint8_t *, unsigned int)');
const recv = libc.func('int64_t recv(int, uint8_t *, uint64_t, int)');
const close = libc.func('int close(int)');

/** The manager's end of sd_notify(3): a real datagram socket at a path or, after an `@`, at an abstract name. */
export interface NotifyReceiver {
  /** All that has come so far, message by message. */
  readonly messages: readonly string[];
  close(): void;
}

export function openNotifyReceiver(name: string): NotifyReceiver {
  const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`);
  const address = Buffer.concat([Buffer.from([1, 0]), path]);
  const fd = socket(1, 2 | 0x800, 0);
  if (bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${name}: ${koffi.errno()}`);
  const messages: string[] = [];
  const buffer = Buffer.alloc(65_536);
  // A socket holds ten messages (net.unix.max_dgram_qlen): a manager takes them as they come, whether anybody asks or not.
  const taking = setInterval(takeAll, 5);
  return {
    get messages() {
      takeAll();
      return messages;
    },
    close() {
      clearInterval(taking);
      close(fd);
    },
  };

  function takeAll(): void {
    for (let bytes = take(); bytes > 0; bytes = take()) messages.push(buffer.toString('utf8', 0, bytes));
  }

  function take(): number {
    return Number(recv(fd, buffer, buffer.length, 0));
  }
}
