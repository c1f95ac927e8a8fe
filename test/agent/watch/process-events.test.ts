import { describe, expect, it } from 'vitest';
import { parseProcessEvent } from '../../../agent/watch/process-events.ts';

describe('an event of the process connector', () => {
  it('says which process began, which starts a program, and whose it is now', () => {
    expect(parseProcessEvent(aMessage(0x1, 10, 10, 11, 11))).toEqual({ kind: 'forked', pid: 11, parent: 10 });
    expect(parseProcessEvent(aMessage(0x2, 11, 11))).toEqual({ kind: 'started', pid: 11 });
    expect(parseProcessEvent(aMessage(0x4, 11, 11, 1_000, 0))).toEqual({ kind: 'user-changed', pid: 11, uid: 0 });
  });

  it('says nothing of threads, and of what is not asked for', () => {
    expect(parseProcessEvent(aMessage(0x1, 10, 10, 12, 10))).toBeUndefined();
    for (const what of [0, 0x40, 0x200, 0x8000_0000]) {
      expect(parseProcessEvent(aMessage(what, 1, 2, 3, 4))).toBeUndefined();
    }
  });

  it('says nothing where it is cut short', () => {
    const message = aMessage(0x2, 11, 11);

    for (let length = 0; length < 68; length++) expect(parseProcessEvent(message.subarray(0, length))).toBeUndefined();
  });
});

/** struct nlmsghdr, struct cn_msg, struct proc_event. */
function aMessage(what: number, ...words: readonly number[]): Buffer {
  const message = Buffer.alloc(76);
  message.writeUInt32LE(what, 36);
  for (const [index, word] of words.entries()) message.writeUInt32LE(word, 52 + 4 * index);
  return message;
}
