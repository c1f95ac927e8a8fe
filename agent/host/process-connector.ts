import { type Call, checked, close, errno, libc } from './libc.ts';

/**
 * The kernel's process connector (Documentation/driver-api/connector.rst, linux/cn_proc.h): a netlink socket that tells of
 * each process that begins, starts a program, changes its user or ends. Needs CAP_NET_ADMIN before Linux 6.6, and the first
 * process namespace. Calls give what the kernel gives, and `-errno` for its -1.
 */
const raw = {
  socket: libc.func('int socket(int, int, int)') as Call,
  bind: libc.func('int bind(int, uint8_t *, unsigned int)') as Call,
  send: libc.func('int64_t send(int, uint8_t *, uint64_t, int)') as Call,
  recvfrom: libc.func('int64_t recvfrom(int, uint8_t *, uint64_t, int, uint8_t *, uint8_t *)') as Call,
  setsockopt: libc.func('int setsockopt(int, int, int, uint8_t *, unsigned int)') as Call,
};

const [familyNetlink, datagram, connector] = [16, 2, 11];
const [nonBlocking, closeOnExec] = [0x800, 0x80000];
const [levelSocket, receiveBuffer, receiveBufferForce] = [1, 8, 33];
/** CN_IDX_PROC and CN_VAL_PROC, which are also the group. */
const process = 1;
const [listen, ignore] = [1, 2];
/** Of an event in a message, PROC_EVENT_NONE for an answer, which is an error number. */
const [whatAt, answerAt] = [36, 52];
const bufferBytes = 2 * 1_048_576;

/** A socket that tells of processes, or `-errno`. */
export function openProcessConnector(): number {
  const fd = checked(raw.socket(familyNetlink, datagram | nonBlocking | closeOnExec, connector));
  if (fd < 0) return fd;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bufferBytes);
  // Without the right to more than the system's limit, that limit.
  if (checked(raw.setsockopt(fd, levelSocket, receiveBufferForce, size, 4)) < 0) {
    raw.setsockopt(fd, levelSocket, receiveBuffer, size, 4);
  }
  const address = Buffer.alloc(12);
  address.writeUInt16LE(familyNetlink, 0);
  address.writeUInt32LE(process, 8);
  const failed = Math.min(0, checked(raw.bind(fd, address, address.length))) || askToListen(fd);
  if (failed === 0) return fd;
  close(fd);
  return failed;
}

/**
 * Gives 0 or `-errno`. The kernel answers before this returns, and does
 * not answer who is in another process namespace than the first.
 */
function askToListen(fd: number): number {
  const sent = askAgain(fd);
  if (sent < 0) return sent;
  const answer = Buffer.alloc(256);
  for (;;) {
    const length = receiveMessage(fd, answer);
    if (length < 0) return -errno.ECONNREFUSED;
    if (isAnswer(answer.subarray(0, length))) return -answer.readUInt32LE(answerAt);
  }
}

/** Gives 0 or `-errno`. An answer follows, but where the kernel thinks that nobody listens. */
export const askAgain = (fd: number): number => ask(fd, listen);

/** PROC_EVENT_NONE. */
export function isAnswer(message: Buffer): boolean {
  return message.length >= answerAt + 4 && message.readUInt32LE(whatAt) === 0;
}

/** Before Linux 6.6 the kernel goes on telling until it is asked not to, whether anybody listens or not. */
export function closeProcessConnector(fd: number): void {
  ask(fd, ignore);
  close(fd);
}

/** struct nlmsghdr, struct cn_msg, and the operation. Gives 0 or `-errno`. */
function ask(fd: number, operation: number): number {
  const message = Buffer.alloc(40);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(3, 4);
  message.writeUInt32LE(process, 16);
  message.writeUInt32LE(process, 20);
  message.writeUInt16LE(4, 32);
  message.writeUInt32LE(operation, 36);
  return Math.min(0, checked(raw.send(fd, message, message.length, 0)));
}

const sender = Buffer.alloc(12);
const senderLength = Buffer.alloc(4);

/**
 * The length of one message of the kernel's; -EAGAIN when none waits, -ENOBUFS when some were thrown away. 0 for one of
 * anybody else: whoever may speak to the socket could tell us of processes that there are not.
 */
export function receiveMessage(fd: number, into: Buffer): number {
  senderLength.writeUInt32LE(sender.length);
  const length = checked(raw.recvfrom(fd, into, into.length, 0, sender, senderLength));
  return length > 0 && sender.readUInt32LE(4) !== 0 ? 0 : length;
}
