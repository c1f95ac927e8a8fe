import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames, encodeName, encodeRaw, nameBytes, rawOf, terminalSafe } from '../../shared/name.ts';

const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 32 }).map((string) => Buffer.from(string));
const anyName = fc.oneof(bytes, text);

describe('a name', () => {
  it('comes back as the same bytes', () => {
    fc.assert(fc.property(anyName, (name) => nameBytes(encodeName(name))?.equals(name) === true));
  });

  it('is written in one line, without control characters, in well-formed Unicode', () => {
    fc.assert(
      fc.property(anyName, (name) => !/[\0-\x1f\x7f-\x9f]/.test(encodeName(name)) && encodeName(name).isWellFormed()),
    );
  });

  it('has one writing only: what decodes is what would be written', () => {
    const writing = fc.string({
      unit: fc.constantFrom('\\', 'x', '4', '1', 'f', 'a', 'é', '\u0085', '/'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(writing, (name) => {
        const decoded = nameBytes(name);
        return decoded === undefined || encodeName(decoded) === name;
      }),
    );
  });

  it('sorts by its bytes', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => compareNames(encodeName(a), encodeName(b)) === Buffer.compare(a, b)),
    );
  });

  it('is the same through one character a byte', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const raw = name.toString('latin1');
        return encodeRaw(raw) === encodeName(name) && rawOf(encodeName(name)) === raw;
      }),
    );
  });

  it.each([
    [Buffer.from([0x61, 0xff]), 'a\\xff'],
    [Buffer.from('a\nb'), 'a\\x0ab'],
    [Buffer.from('\u0085'), '\\xc2\\x85'],
    [Buffer.from('\\x41'), '\\\\x41'],
    [Buffer.from([0xed, 0xa0, 0x80]), '\\xed\\xa0\\x80'],
    [Buffer.from('é\u202e'), 'é\u202e'],
  ])('%j is written %s', (name, written) => {
    expect(encodeName(name)).toBe(written);
  });

  it.each(['\\', '\\x4', '\\xFF', '\\x41', 'a\\y', '\ud800', '\n'])('is not written %j', (written) => {
    expect(nameBytes(written)).toBeUndefined();
  });

  it('cannot turn the text of a terminal around', () => {
    expect(terminalSafe('gpj\u202e.exe\u200b\u2028')).toBe('gpj\\u{202e}.exe\\u{200b}\\u{2028}');
  });
});
