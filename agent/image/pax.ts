import type { RawName } from '../../shared/name.ts';
import { archiveError } from './archive-error.ts';

/** The records of an extended header (pax(1)), keys one character a byte. An empty value takes a record back. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Pure: `length key=value\n`, where the length counts itself and the newline. Values may hold anything. Errors: ARCHIVE. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 || space - at > 10 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    const isWhole = /^[1-9]\d*$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isWhole || equals <= space + 1 || equals >= end) {
      throw archiveError('an extended header of the tar holds what is no record');
    }
    records.set(bytes.toString('latin1', space + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A name in a record; undefined where the records have none. Errors: ARCHIVE for a name with a NUL, as no file has. */
export function paxName(records: PaxRecords, key: string): RawName | undefined {
  const name = records.get(key)?.toString('latin1');
  if (name?.includes('\0')) throw archiveError(`the ${key} of a tar entry holds a NUL`);
  return name === '' ? undefined : name;
}

/** Errors: ARCHIVE for anything but a decimal number that is not negative. */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const text = records.get(key)?.toString('latin1');
  if (text === undefined || text === '') return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw archiveError(`expected a number as ${key} of a tar entry`);
  return value;
}

/**
 * Extended attributes as star and GNU tar write them (raw, `=` and `%` of a name escaped), and as libarchive does where it
 * writes nothing else (a name as in URLs, the value in base64).
 */
export function paxXattrs(records: PaxRecords): ReadonlyMap<RawName, Buffer> {
  const found = new Map<RawName, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(libarchive)) {
      const name = key.slice(libarchive.length).replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => charOf(hex));
      found.set(name, Buffer.from(value.toString('latin1'), 'base64'));
    }
  }
  for (const [key, value] of records) {
    if (key.startsWith(schily)) {
      found.set(
        key.slice(schily.length).replace(/%(3D|25)/g, (_, hex: string) => charOf(hex)),
        value,
      );
    }
  }
  const label = records.get('RHT.security.selinux');
  if (label !== undefined) found.set('security.selinux', label);
  return found;
}

const schily = 'SCHILY.xattr.';
const libarchive = 'LIBARCHIVE.xattr.';

function charOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
