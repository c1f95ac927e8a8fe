import { describe, expect, it } from 'vitest';
import { parseEvents } from '../../../agent/watch/fanotify-events.ts';

describe('the events of a fanotify group', () => {
  it('say who did something to which name in which directory', () => {
    const bytes = Buffer.concat([anEvent({ pid: 7, name: 'a' }), anEvent({ pid: 8, name: 'b\xff', handle: [9, 9] })]);

    const [first, second, ...more] = parseEvents(bytes);

    expect(first).toMatchObject({ isOverflow: false, pid: 7, filesystem: '0102030405060708', name: 'a' });
    expect(second).toMatchObject({ pid: 8, name: 'b\xff' });
    // struct file_handle: two bytes, of type 1.
    expect([...second!.directory]).toEqual([2, 0, 0, 0, 1, 0, 0, 0, 9, 9]);
    expect(more).toEqual([]);
  });

  it.each([
    [0x2, [true, true, false]],
    [0x4, [true, false, false]],
    [0x8, [true, false, false]],
    [0x80, [true, true, false]],
    [0x200, [true, true, false]],
    [0x1000, [false, false, true]],
    [0x1002, [true, true, true]],
  ])('of the mask %i say whether something changed, was written to, or is run', (mask, expected) => {
    const [event] = parseEvents(anEvent({ mask }));

    expect([event?.isChange, event?.isWritten, event?.isOpenedToRun]).toEqual(expected);
  });

  it('say that some were lost', () => {
    const [event] = parseEvents(anEvent({ mask: 0x4000, records: Buffer.alloc(0) }));

    expect(event?.isOverflow).toBe(true);
  });

  it('are passed over where they have no name', () => {
    const record = aRecord({ type: 1 });

    expect([...parseEvents(anEvent({ records: record }))]).toEqual([]);
    expect([...parseEvents(anEvent({ records: Buffer.concat([record, aRecord({ name: 'x' })]) }))]).toMatchObject([
      { name: 'x' },
    ]);
  });

  it.each([
    ['of another version', anEvent({ version: 4 }), 'events of version 4'],
    ['that end too early', anEvent({}).subarray(0, -1), 'an event that does not end'],
    ['of no length', Buffer.concat([anEvent({}), headOf(0)]), 'an event that does not end'],
  ])('%s are not guessed at', (_, bytes, message) => {
    expect(() => [...parseEvents(bytes)]).toThrow(message);
  });

  it('with records that lie about their lengths have no name', () => {
    const [tooLong, tooShort] = [aRecord({ name: 'x' }), aRecord({ name: 'x' })];
    tooLong.writeUInt16LE(60_000, 2);
    tooShort.writeUInt16LE(0, 2);
    const handle = aRecord({ name: 'x' });
    handle.writeUInt32LE(0xffff_fff0, 12);

    for (const records of [tooLong, tooShort, handle]) expect([...parseEvents(anEvent({ records }))]).toEqual([]);
  });
});

interface Given {
  readonly version?: number;
  readonly mask?: number;
  readonly pid?: number;
  readonly name?: string;
  readonly handle?: readonly number[];
  readonly type?: number;
  readonly records?: Buffer;
}

function headOf(length: number, { version = 3, mask = 0x100, pid = 1 }: Given = {}): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(length, 0);
  head[4] = version;
  head.writeUInt16LE(24, 6);
  head.writeUInt32LE(mask, 8);
  head.writeInt32LE(-1, 16);
  head.writeInt32LE(pid, 20);
  return head;
}

function anEvent(given: Given): Buffer {
  const records = given.records ?? aRecord(given);
  return Buffer.concat([headOf(24 + records.length, given), records]);
}

function aRecord({ name = 'n', handle = [1], type = 2 }: Given): Buffer {
  const head = Buffer.alloc(20);
  head[0] = type;
  Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).copy(head, 4);
  head.writeUInt32LE(handle.length, 12);
  head.writeInt32LE(1, 16);
  const rest = Buffer.concat([Buffer.from(handle), Buffer.from(`${name}\0`, 'latin1')]);
  const padding = Buffer.alloc((4 - (rest.length % 4)) % 4);
  head.writeUInt16LE(20 + rest.length + padding.length, 2);
  return Buffer.concat([head, rest, padding]);
}
