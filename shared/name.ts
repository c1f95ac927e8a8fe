/**
 * Names are bytes. In manifests and reports each byte that is not valid UTF-8 (RFC 3629), or is part of U+0000–1F or
 * U+007F–9F, is written `\xNN` in lower case; a backslash is doubled; all else stands (DESIGN §4).
 */
export type Name = string;

/**
 * The same bytes as a string of one character a byte (latin1): what the scanner works on, since such strings compare
 * and sort by bytes, and hold any name there is.
 */
export type RawName = string;

/** Longer paths are not recorded: twice PATH_MAX, since only who walks directory by directory ever gets there. */
export const rawNameBytesMax = 8_192;

const plainAscii = /^[\x20-\x5b\x5d-\x7e]*$/;
const needsEscape = /[\u0000-\u001f\u007f-\u009f\\]/;

/** The written form of raw bytes. One-to-one: `nameBytes(encodeName(b))` equals `b`. */
export function encodeName(bytes: Buffer): Name {
  const ascii = bytes.toString('latin1');
  if (plainAscii.test(ascii)) return ascii;
  return encodeSlowly(bytes);
}

export function encodeRaw(raw: RawName): Name {
  return plainAscii.test(raw) ? raw : encodeSlowly(Buffer.from(raw, 'latin1'));
}

/** The inverse of `encodeRaw`, or undefined where the writing is not the canonical one. */
export function rawOf(name: Name): RawName | undefined {
  return plainAscii.test(name) ? name : nameBytes(name)?.toString('latin1');
}

/** The bytes of a name that was parsed where it came in; one in no canonical writing stands for itself. */
export function rawName(name: Name): RawName {
  return rawOf(name) ?? name;
}

function encodeSlowly(bytes: Buffer): Name {
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    const text = length === 0 ? '' : bytes.toString('utf8', at, at + length);
    if (text === '\\') out += '\\\\';
    else if (text !== '' && !needsEscape.test(text)) out += text;
    else for (const byte of bytes.subarray(at, at + (length || 1))) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    at += length || 1;
  }
  return out;
}

/** Length of the well-formed UTF-8 sequence at `at` (RFC 3629 §4: no overlong forms, no surrogates, at most U+10FFFF), or 0. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  const tail = (index: number) => ((bytes[at + index] ?? 0) & 0xc0) === 0x80;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/** The bytes of a written name, or undefined where the writing is not the canonical one. */
export function nameBytes(name: Name): Buffer | undefined {
  if (plainAscii.test(name)) return Buffer.from(name, 'latin1');
  if (!name.isWellFormed()) return undefined;
  const parts: Buffer[] = [];
  for (const piece of name.match(/\\x[0-9a-f]{2}|\\\\|[^\\]+|\\/g) ?? []) {
    if (piece === '\\') return undefined;
    if (piece === '\\\\') parts.push(Buffer.from('\\'));
    else if (piece.startsWith('\\x')) parts.push(Buffer.from([Number.parseInt(piece.slice(2), 16)]));
    else parts.push(Buffer.from(piece, 'utf8'));
  }
  const bytes = Buffer.concat(parts);
  return encodeName(bytes) === name ? bytes : undefined;
}

/** Order by bytes. Two plain ASCII names compare as strings, which is the same order and much cheaper. */
export function compareNames(a: Name, b: Name): number {
  if (plainAscii.test(a) && plainAscii.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(nameBytes(a) ?? Buffer.from(a), nameBytes(b) ?? Buffer.from(b));
}

/** For terminals: bidirectional controls and other format characters (Unicode Cf, line and paragraph separators) shown as \u{…}. */
export function terminalSafe(text: string): string {
  return text.replace(
    /[\p{Cf}\p{Cc}\u2028\u2029\p{Cs}\p{Co}]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
}
