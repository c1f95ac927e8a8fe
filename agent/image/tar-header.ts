import type { RawName } from '../../shared/name.ts';
import { archiveError } from './archive-error.ts';

export const blockBytes = 512;

/** A header block as it stands, before the records that may come before it have their say. */
export interface TarHeader {
  readonly name: RawName;
  /** The type flag: one character. */
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow; of what never has any, whatever the field says. */
  readonly size: number;
  readonly linkName: RawName;
  readonly major: number;
  readonly minor: number;
}

/**
 * Pure: a header of tar(5), ustar, GNU or older; undefined for a block of zeros, which ends an archive. Times and names of
 * owners are not looked at. Errors: ARCHIVE.
 */
export function parseHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!hasChecksum(block)) throw archiveError('expected the header of a tar entry, got a block with a wrong checksum');
  const flag = block.toString('latin1', 156, 157);
  const isDevice = flag === '3' || flag === '4';
  return {
    name: nameIn(block),
    flag,
    mode: numberIn(block, 100, 8, 'mode') % 0o10000,
    uid: numberIn(block, 108, 8, 'uid'),
    gid: numberIn(block, 116, 8, 'gid'),
    size: '123456'.includes(flag) ? 0 : numberIn(block, 124, 12, 'size'),
    linkName: textIn(block, 157, 100),
    major: isDevice ? numberIn(block, 329, 8, 'device') : 0,
    minor: isDevice ? numberIn(block, 337, 8, 'device') : 0,
  };
}

/** Some old programs summed the bytes as signed. */
function hasChecksum(block: Buffer): boolean {
  const said = numberIn(block, 148, 8, 'checksum');
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < blockBytes; at++) {
    if (at >= 148 && at < 156) continue;
    unsigned += block[at]!;
    signed += block.readInt8(at);
  }
  return said === unsigned || said === signed;
}

/** GNU's own format has other things where the prefix would be; star's has a shorter prefix. */
function nameIn(block: Buffer): RawName {
  const name = textIn(block, 0, 100);
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name;
  const isStar = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = textIn(block, 345, isStar ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textIn(block: Buffer, start: number, length: number): string {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** Octal digits, or where the first bit is set a number in base 256. Errors: ARCHIVE for what is negative or neither. */
export function numberIn(block: Buffer, start: number, length: number, what: string): number {
  if (block[start]! & 0x80) return base256In(block, start, length, what);
  const text = textIn(block, start, length).replace(/^ +| +$/g, '');
  if (!/^[0-7]*$/.test(text)) throw archiveError(`expected octal digits as ${what} of a tar entry`);
  return safe(text === '' ? 0 : Number.parseInt(text, 8), what);
}

function base256In(block: Buffer, start: number, length: number, what: string): number {
  if (block[start]! & 0x40) throw archiveError(`the ${what} of a tar entry is negative`);
  let value = block[start]! & 0x3f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + block[at]!;
  return safe(value, what);
}

function safe(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) throw archiveError(`the ${what} of a tar entry is beyond any that can be`);
  return value;
}
