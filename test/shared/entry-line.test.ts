import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../shared/canonical-json.ts';
import type { Entry, FileEntry } from '../../shared/entry.ts';
import { compareEntries, parseEntryLine, writeEntryLine } from '../../shared/entry-line.ts';
import { encodeName } from '../../shared/name.ts';
import { codeOf } from '../support/code-of.ts';
import { aPackage } from '../support/entries.ts';

const segment = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((array) => Buffer.from(array.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')));
const path = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((parts) => encodeName(Buffer.concat(parts.flatMap((part) => [Buffer.from('/'), part]))));
const id = fc.nat(0xffff_ffff);
const common = { subject: fc.constant('file' as const), name: path, uid: id, gid: id };
const mode = fc.nat(0o7777).map((bits) => bits.toString(8).padStart(4, '0'));
const file: fc.Arbitrary<FileEntry> = fc.oneof(
  fc.record({
    ...common,
    type: fc.constant('file' as const),
    mode,
    size: fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String),
    content: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((sum) => `sha256:${Buffer.from(sum).toString('hex')}`),
  }),
  fc.record({ ...common, type: fc.constantFrom('dir' as const, 'fifo' as const, 'socket' as const), mode }),
  fc.record({ ...common, type: fc.constant('symlink' as const), target: path }),
  fc.record({
    ...common,
    type: fc.constantFrom('char' as const, 'block' as const),
    mode,
    rdev: fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map((numbers) => numbers.join(':')),
  }),
);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  file,
  fc.record({
    subject: fc.constant('package' as const),
    name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,20}:amd64$/),
    version: fc.stringMatching(/^[0-9][A-Za-z0-9.+~:-]{0,20}$/),
    status: fc.constant('install ok installed'),
    purl: fc.constant('pkg:deb/debian/a@1'),
  }),
  fc.record({
    subject: fc.constant('user' as const),
    name: fc.stringMatching(/^[a-z_][a-z0-9_-]{0,30}$/),
    uid: fc.nat(0xffff_ffff),
    gid: fc.nat(0xffff_ffff),
    home: path,
    shell: path,
    password: fc.constantFrom('locked', 'set'),
    files: fc.array(path, { maxLength: 3 }),
  }),
);

describe('an entry line', () => {
  it('is the canonical JSON of the entry', () => {
    fc.assert(fc.property(entry, (one) => writeEntryLine(one) === canonicalJson({ ...one })));
  });

  it('comes back as the same entry', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(parseEntryLine(writeEntryLine(one))).toEqual(one);
      }),
    );
  });

  it('is refused with any one byte changed to what JSON allows and we do not, or means another entry', () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.constantFrom(' ', '\t', '0', '"', 'A', '\\'), (one, at, put) => {
        const line = writeEntryLine(one);
        const changed = line.slice(0, at % line.length) + put + line.slice((at % line.length) + 1);
        fc.pre(changed !== line);
        let parsed: Entry;
        try {
          parsed = parseEntryLine(changed);
        } catch {
          return true;
        }
        return writeEntryLine(parsed) === changed;
      }),
    );
  });

  const good =
    '{"content":"sha256:' +
    `${'0'.repeat(64)}","gid":0,"mode":"0644","name":"/a","size":"1","subject":"file","type":"file","uid":0}`;
  it.each([
    ['a blank', good.replace(',', ', ')],
    ['an unknown member', good.replace('"gid"', '"flags":"i","gid"')],
    ['a member missing', good.replace('"mode":"0644",', '')],
    ['a member twice', good.replace('"gid":0', '"gid":0,"gid":0')],
    ['keys in another order', good.replace('"gid":0,"mode":"0644"', '"mode":"0644","gid":0')],
    ['an escape that JSON does not need', good.replace('/a', '/\\u0061')],
    ['an upper-case digest', good.replace('sha256:0', 'sha256:A')],
    ['a size with a leading zero', good.replace('"1"', '"01"')],
    ['a size in numbers', good.replace('"1"', '1')],
    ['a mode of three digits', good.replace('0644', '644')],
    ['a negative owner', good.replace('"uid":0', '"uid":-1')],
    ['an owner of exponent form', good.replace('"uid":0', '"uid":1e3')],
    ['a relative name', good.replace('/a', 'a')],
    ['a name that climbs', good.replace('/a', '/../a')],
    ['a name that ends in a slash', good.replace('/a', '/a/')],
    ['an empty segment', good.replace('/a', '//a')],
    ['a NUL', good.replace('/a', '/\\\\x00')],
    ['a name that is not written so', good.replace('/a', '/\\\\x61')],
    ['a target on a file', good.replace('"type"', '"target":"x","type"')],
    ['another subject', good.replace('"subject":"file"', '"subject":"user"')],
    ['another type', good.replace('"type":"file"', '"type":"door"')],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
  ])('is not one with %s', (_what, line) => {
    expect(codeOf(() => parseEntryLine(good))).toBeUndefined();
    expect(codeOf(() => parseEntryLine(line))).toBe('ENTRIES');
  });
});

describe('entries', () => {
  it('sort by subject, then by the bytes of the whole path', () => {
    const dir = (name: string): Entry => ({ subject: 'file', name, type: 'dir', mode: '0755', uid: 0, gid: 0 });
    const names = ['/', '/a', '/a!', '/a-b', '/a/b', '/a0', '/é', '/\\xff'];

    expect(names.map(dir).toReversed().toSorted(compareEntries)).toEqual(names.map(dir));
    const pack: Entry = aPackage();
    expect([pack, dir('/z')].toSorted(compareEntries)).toEqual([dir('/z'), pack]);
  });
});
