import type { FileType } from '../../shared/entry.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { factsOf, isKept, type XattrFacts } from '../collect/xattrs.ts';
import { aclOfRecord } from './acl-records.ts';
import { archiveError } from './archive-error.ts';
import type { Budget } from './byte-source.ts';
import { type FileData, readData } from './file-data.ts';
import { type PaxRecords, parsePax, paxName, paxNumber, paxXattrs } from './pax.ts';
import { parseHeader, type TarHeader } from './tar-header.ts';
import { openTarReader, type TarReader } from './tar-reader.ts';

/** One entry of a tar, its content digested. */
export interface TarEntry {
  /** As the archive has it. */
  readonly name: RawName;
  /** `link`: another name of what `linkName` names. */
  readonly type: FileType | 'link';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkName: RawName;
  readonly rdev: string;
  readonly xattrs: XattrFacts;
  /** Regular files only. */
  readonly data?: FileData;
}

/**
 * The entries of a tar in its order: ustar, pax (POSIX.1-2001), GNU, sparse files included. Reads to the very end, so that
 * whoever digests the stream has seen all of it. `mayStop`: an end without the blocks that mark it is one, because a digest
 * vouches for the whole. Errors: ARCHIVE.
 */
export async function* tarEntries(
  chunks: AsyncIterable<Buffer>,
  budget: Budget,
  { mayStop }: { readonly mayStop: boolean },
): AsyncGenerator<TarEntry> {
  const reader = openTarReader(chunks);
  let global: PaxRecords = new Map();
  let local: PaxRecords = new Map();
  let longName: RawName | undefined;
  let longLink: RawName | undefined;
  try {
    for (;;) {
      const block = await reader.block();
      if (block === undefined && !mayStop) throw archiveError('the tar is cut short: its end is not marked');
      const header = block && parseHeader(block);
      if (block === undefined || header === undefined) return await reader.drain();
      switch (header.flag) {
        case 'x':
        case 'X':
          local = parsePax(await smallBody(reader, header.size));
          continue;
        case 'g':
          global = new Map([...global, ...parsePax(await smallBody(reader, header.size))]);
          continue;
        case 'L':
          longName = cString(await smallBody(reader, header.size));
          continue;
        case 'K':
          longLink = cString(await smallBody(reader, header.size));
          continue;
        case 'V':
          await smallBody(reader, header.size);
          continue;
      }
      const records = new Map([...global, ...local]);
      const name = paxName(records, 'GNU.sparse.name') ?? paxName(records, 'path') ?? longName ?? header.name;
      const linkName = paxName(records, 'linkpath') ?? longLink ?? header.linkName;
      const type = typeOf(header.flag, name);
      const size = '0\x007S'.includes(header.flag) ? (paxNumber(records, 'size') ?? header.size) : header.size;
      const data = type === 'file' ? await readData(reader, block, header, records, size, budget) : undefined;
      if (data === undefined) await reader.body(size, () => undefined);
      yield {
        name,
        type,
        mode: header.mode,
        uid: idOf(paxNumber(records, 'uid') ?? header.uid),
        gid: idOf(paxNumber(records, 'gid') ?? header.gid),
        linkName,
        rdev: rdevOf(header),
        xattrs: xattrsOf(records),
        ...(data && { data }),
      };
      local = new Map();
      longName = undefined;
      longLink = undefined;
    }
  } finally {
    await reader.close();
  }
}

const smallBytesMax = 1_048_576;

async function smallBody(reader: TarReader, size: number): Promise<Buffer> {
  if (size > smallBytesMax) throw archiveError(`an extended header of the tar has ${size} bytes`);
  const pieces: Buffer[] = [];
  await reader.body(size, (piece) => pieces.push(piece));
  return Buffer.concat(pieces);
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

/** Before ustar a directory was a file whose name ends in a slash. Errors: ARCHIVE. */
function typeOf(flag: string, name: RawName): TarEntry['type'] {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      return name.endsWith('/') ? 'dir' : 'file';
    case 'S':
      return 'file';
    case '1':
      return 'link';
    case '2':
      return 'symlink';
    case '3':
      return 'char';
    case '4':
      return 'block';
    case '5':
      return 'dir';
    case '6':
      return 'fifo';
    default:
      throw archiveError(`${encodeRaw(name)} is of a type that is not known, ${encodeRaw(flag)}`);
  }
}

function idOf(id: number): number {
  if (id > 0xffff_ffff) throw archiveError(`the owner of a tar entry is ${id}, which is beyond 32 bits`);
  return id;
}

/** Linux has 12 bits for the one and 20 for the other. */
function rdevOf({ major, minor }: TarHeader): string {
  if (major > 0xfff || minor > 0xf_ffff) throw archiveError(`a device in the tar has the number ${major}:${minor}`);
  return `${major}:${minor}`;
}

/** An ACL as the kernel has it speaks for itself. As text it may name people instead of numbers: only where there is no other. */
function xattrsOf(records: PaxRecords): XattrFacts {
  const found = new Map([...paxXattrs(records)].filter(([name]) => isKept(name)));
  const facts = found.size === 0 ? {} : factsOf(found);
  if (facts.acl !== undefined) return facts;
  const access = aclIn(records, 'SCHILY.acl.access');
  const inherited = aclIn(records, 'SCHILY.acl.default');
  const acl = [access, inherited && `default:${inherited}`].filter((text) => text !== undefined).join(',');
  return acl === '' ? facts : { ...facts, acl };
}

function aclIn(records: PaxRecords, key: string): string | undefined {
  const record = records.get(key);
  return record && aclOfRecord(record.toString('latin1'));
}
