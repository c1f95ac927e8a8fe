/**
 * A header of rpm as its databases keep it (rpm's docs/manual/format_header.md, without the leading magic): the number of
 * index entries and the length of the data, both big-endian, then entries of tag, type, offset and count, then the data.
 */
export interface RpmHeader {
  /** The text of a tag, one character a byte; undefined where the header has no such tag or it has another type. */
  readonly text: (tag: number) => string | undefined;
  readonly texts: (tag: number) => readonly string[] | undefined;
  /** 16 and 32 bit numbers. */
  readonly numbers: (tag: number) => readonly number[] | undefined;
}

export const rpmTags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  arch: 1022,
  fileStates: 1029,
  fileDigests: 1035,
  fileFlags: 1037,
  dirIndexes: 1116,
  basenames: 1117,
  dirNames: 1118,
  fileDigestAlgorithm: 5011,
} as const;

// rpm's own bounds, lib/header.c.
const indexEntriesMax = 0xffff;
const dataBytesMax = 0x0fff_ffff;
const [headBytes, indexEntryBytes] = [8, 16];

const types = { char: 1, int8: 2, int16: 3, int32: 4, int64: 5, string: 6, bin: 7, stringArray: 8, i18nString: 9 };
/** Bytes of one value; of texts at least its NUL. */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 1, 1] as const;

interface IndexEntry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** The header in a blob, or undefined where any part of it leads outside of it. Never throws. */
export function parseRpmHeader(blob: Buffer): RpmHeader | undefined {
  if (blob.length < headBytes) return undefined;
  const [entries, dataBytes] = [blob.readUInt32BE(0), blob.readUInt32BE(4)];
  if (entries === 0 || entries > indexEntriesMax || dataBytes > dataBytesMax) return undefined;
  const dataStart = headBytes + entries * indexEntryBytes;
  if (dataStart + dataBytes !== blob.length) return undefined;
  const data = blob.subarray(dataStart);
  const index = new Map<number, IndexEntry>();
  for (let at = headBytes; at < dataStart; at += indexEntryBytes) {
    const [tag, type] = [blob.readUInt32BE(at), blob.readUInt32BE(at + 4)];
    const [offset, count] = [blob.readUInt32BE(at + 8), blob.readUInt32BE(at + 12)];
    const size = sizes[type];
    if (size === undefined || offset + count * size > dataBytes) return undefined;
    // What rpm adds when it installs follows the package's own, and replaces it.
    index.set(tag, { type, offset, count });
  }
  return headerOf(index, data);
}

function headerOf(index: ReadonlyMap<number, IndexEntry>, data: Buffer): RpmHeader {
  const texts = (tag: number) => {
    const entry = index.get(tag);
    const isText = entry !== undefined && [types.string, types.stringArray, types.i18nString].includes(entry.type);
    return isText ? textsAt(data, entry.offset, entry.type === types.string ? 1 : entry.count) : undefined;
  };
  const numbers = (tag: number) => {
    const entry = index.get(tag);
    return entry === undefined ? undefined : numbersAt(data, entry);
  };
  return { text: (tag) => texts(tag)?.[0], texts, numbers };
}

function textsAt(data: Buffer, offset: number, count: number): readonly string[] | undefined {
  const found: string[] = [];
  for (let at = offset; found.length < count; ) {
    const end = data.indexOf(0, at);
    if (end === -1) return undefined;
    found.push(data.toString('latin1', at, end));
    at = end + 1;
  }
  return found;
}

function numbersAt(data: Buffer, { type, offset, count }: IndexEntry): readonly number[] | undefined {
  switch (type) {
    case types.char:
    case types.int8:
      return Array.from(data.subarray(offset, offset + count));
    case types.int16:
      return Array.from({ length: count }, (_, number) => data.readUInt16BE(offset + 2 * number));
    case types.int32:
      return Array.from({ length: count }, (_, number) => data.readUInt32BE(offset + 4 * number));
    default:
      return undefined;
  }
}
