import { fanotify } from '../host/fanotify.ts';

/** Something happened to a name in a directory. */
export interface FanotifyEvent {
  /** The kernel had no room for more and threw events away; nothing else of this event counts. */
  readonly isOverflow: boolean;
  /** Who did it, as we see processes; 0 where that is out of our sight. */
  readonly pid: number;
  /** Of the filesystem, as hex. */
  readonly filesystem: string;
  /** `struct file_handle` of the directory. */
  readonly directory: Buffer;
  /** As latin1 of its bytes; `.` for the directory itself. */
  readonly name: string;
  /** Content, attributes or the name itself. */
  readonly isChange: boolean;
  /** Nothing but that a file is closed which was open to be written to. */
  readonly isClosed: boolean;
  /** Content, or which file has the name. */
  readonly isWritten: boolean;
  readonly isOpenedToRun: boolean;
}

const writes = fanotify.modify | fanotify.movedFrom | fanotify.movedTo | fanotify.create | fanotify.delete;
const changes = writes | fanotify.attributes | fanotify.closeWrite;
const none: Omit<FanotifyEvent, 'pid' | 'isOverflow'> = {
  ...{ filesystem: '', directory: Buffer.alloc(0), name: '' },
  ...{ isChange: false, isClosed: false, isWritten: false, isOpenedToRun: false },
};

const metadataBytes = 24;
const metadataVersion = 3;
const directoryAndName = 2;

/**
 * The events in what a group gave (fanotify(7)): struct fanotify_event_metadata, each with records of information behind
 * it. What has no name is passed over. Throws for another version than ours, of which nothing can be said. Pure.
 */
export function* parseEvents(bytes: Buffer): Generator<FanotifyEvent> {
  for (let at = 0; at + metadataBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (bytes[at + 4] !== metadataVersion) throw new Error(`events of version ${bytes[at + 4]}`);
    if (length < metadataBytes || at + length > bytes.length) throw new Error('an event that does not end');
    const mask = bytes.readUInt32LE(at + 8);
    const isOverflow = (mask & fanotify.overflow) !== 0;
    const pid = bytes.readInt32LE(at + 20);
    if (isOverflow) yield { ...none, isOverflow, pid };
    else {
      const named = namedIn(bytes.subarray(at + bytes.readUInt16LE(at + 6), at + length));
      const isChange = (mask & changes) !== 0;
      const isClosed = (mask & changes) === fanotify.closeWrite;
      const isWritten = (mask & writes) !== 0;
      const isOpenedToRun = (mask & fanotify.openExec) !== 0;
      if (named !== undefined) yield { isOverflow, pid, ...named, isChange, isClosed, isWritten, isOpenedToRun };
    }
    at += length;
  }
}

/** Header (u8 type, u8, u16 length), fsid, then `struct file_handle` {u32 bytes, s32 type, …} and the name with its NUL. */
function namedIn(records: Buffer): Pick<FanotifyEvent, 'filesystem' | 'directory' | 'name'> | undefined {
  for (let at = 0; at + 20 <= records.length; ) {
    const length = records.readUInt16LE(at + 2);
    if (length < 20 || at + length > records.length) return undefined;
    const record = records.subarray(at, at + length);
    const handleEnd = 20 + record.readUInt32LE(12);
    if (record[0] === directoryAndName && handleEnd < record.length) {
      const end = record.indexOf(0, handleEnd);
      return {
        filesystem: record.toString('hex', 4, 12),
        directory: record.subarray(12, handleEnd),
        name: record.toString('latin1', handleEnd, end === -1 ? record.length : end),
      };
    }
    at += length;
  }
  return undefined;
}
