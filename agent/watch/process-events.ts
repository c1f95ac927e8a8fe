/** What the kernel tells of a process. Ids are of processes as we see them; those of their threads are not told. */
export type ProcessEvent =
  | { readonly kind: 'forked'; readonly pid: number; readonly parent: number }
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'user-changed'; readonly pid: number; readonly uid: number };

/** struct nlmsghdr and struct cn_msg, then struct proc_event: what, cpu, time. */
const [eventAt, dataAt] = [36, 52];
const [forked, started, userChanged] = [0x1, 0x2, 0x4];

/** In one message of the process connector (linux/cn_proc.h); undefined for what says nothing to us. Pure. */
export function parseProcessEvent(message: Buffer): ProcessEvent | undefined {
  if (message.length < dataAt + 16) return undefined;
  const word = (index: number) => message.readUInt32LE(dataAt + 4 * index);
  switch (message.readUInt32LE(eventAt)) {
    case forked:
      // A thread is a child of the same thread group.
      return word(2) === word(3) ? { kind: 'forked', pid: word(3), parent: word(1) } : undefined;
    case started:
      return { kind: 'started', pid: word(1) };
    case userChanged:
      return { kind: 'user-changed', pid: word(1), uid: word(3) };
    default:
      return undefined;
  }
}
