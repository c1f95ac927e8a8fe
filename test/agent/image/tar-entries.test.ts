import { describe, expect, it } from 'vitest';
import { newBudget } from '../../../agent/image/byte-source.ts';
import { type TarEntry, tarEntries } from '../../../agent/image/tar-entries.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { sha256 } from '../../support/manifest-oracle.ts';
import { headerOf, type TarItem, tarOf } from '../../support/tar.ts';

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function entriesOf(bytes: Buffer, options: { chunk?: number; budget?: number } = {}): Promise<TarEntry[]> {
  const chunks = inChunks(bytes, options.chunk ?? 65_536);
  const entries: TarEntry[] = [];
  for await (const entry of tarEntries(chunks, newBudget(options.budget), { mayStop: false })) entries.push(entry);
  return entries;
}

const one = async (item: TarItem) => (await entriesOf(tarOf([item])))[0]!;
const codeFor = (bytes: Buffer, budget?: number) => codeOfAsync(() => entriesOf(bytes, budget ? { budget } : {}));

describe('entries of a tar', () => {
  it('are the same however its bytes arrive', async () => {
    const content = 'x'.repeat(3_000);
    const tar = tarOf([{ name: 'dir/', flag: '5' }, { name: 'dir/a', content }, { name: 'empty' }]);

    for (const chunk of [1, 7, 511, 512, 513, 100_000]) {
      const entries = await entriesOf(tar, { chunk });
      expect(entries.map(({ name, type }) => `${name} ${type}`)).toEqual(['dir/ dir', 'dir/a file', 'empty file']);
      expect(entries[1]!.data).toEqual({
        size: 3_000,
        sha256: sha256(content),
        stored: [{ at: 0, length: 3_000, offset: 1_024 }],
      });
    }
  });

  it('have names of bytes, from the header, from GNU and from pax', async () => {
    const name = 'caf\xe9\xff\n\x1b[2J';

    expect((await one({ name })).name).toBe(name);
    expect((await one({ name: 'x', pax: { path: name, linkpath: name } })).name).toBe(name);
    const long = `${name}/`.repeat(30);
    const [entry] = await entriesOf(
      tarOf([
        { name: '././@LongLink', flag: 'L', content: `${long}f\0` },
        { name: '././@LongLink', flag: 'K', content: `${long}t\0` },
        { name: 'short', flag: '2', linkName: 'short' },
      ]),
    );
    expect(entry).toMatchObject({ name: `${long}f`, linkName: `${long}t`, type: 'symlink' });
  });

  it('join the prefix of ustar and not what GNU has in its place', async () => {
    const prefix = new Map([[345, Buffer.from('over/there')]]);

    expect((await one({ name: 'f', raw: prefix })).name).toBe('over/there/f');
    expect((await one({ name: 'f', raw: new Map([...prefix, [257, Buffer.from('ustar  \0')]]) })).name).toBe('f');
  });

  it('take sizes and owners in base 256, and from pax before the header', async () => {
    const base256 = Buffer.from([0x80, 0, 0, 0, 0, 1, 0, 0]);

    expect((await one({ name: 'f', raw: new Map([[108, base256]]) })).uid).toBe(65_536);
    expect((await one({ name: 'f', pax: { uid: '4294967295', gid: '7' } })).uid).toBe(4_294_967_295);
  });

  it('have extended attributes, ACLs and labels', async () => {
    const entry = await one({
      name: 'f',
      pax: {
        'SCHILY.xattr.user.a%3Db': 'v\n\0',
        'LIBARCHIVE.xattr.user.c': 'YWJj',
        'SCHILY.xattr.trusted.overlay.opaque': 'y',
        'SCHILY.xattr.security.capability': Buffer.from('0100000200200000000000000000000000000000', 'hex'),
        'RHT.security.selinux': 'system_u:object_r:etc_t:s0\0',
        'SCHILY.acl.access': 'user::rw-,user:joe:r--:1000,group::r--,mask::r--,other::---',
      },
    });

    expect(entry.xattrs).toEqual({
      xattrs: { 'user.a=b': 'v\\x0a\\x00', 'user.c': 'abc' },
      capabilities: 'cap_net_raw=ep',
      selinux: 'etc_t',
      acl: 'user::rw-,user:1000:r--,group::r--,mask::r--,other::---',
    });
  });

  it('of sparse files are whole files with their holes', async () => {
    const map = '2\n512\n3\n2000\n2\n'.padEnd(512, '\0');
    const expected = Buffer.alloc(4_000);
    expected.write('abc', 512);
    expected.write('de', 2_000);

    const { data, name } = await one({
      name: 'GNUSparseFile.0/f',
      content: `${map}abcde`,
      pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'f', 'GNU.sparse.realsize': '4000' },
    });

    expect(name).toBe('f');
    expect(data).toMatchObject({ size: 4_000, sha256: sha256(expected) });
    const listed = await one({
      name: 'x',
      content: 'abcde',
      pax: { 'GNU.sparse.map': '512,3,2000,2', 'GNU.sparse.size': '4000' },
    });
    expect(listed.data!.sha256).toBe(sha256(expected));
  });

  it.each<[string, Buffer]>([
    ['nothing at all', Buffer.alloc(0)],
    ['cut short in a header', tarOf([{ name: 'f', content: 'x' }]).subarray(0, 300)],
    ['cut short in a file', tarOf([{ name: 'f', content: 'x'.repeat(5_000) }]).subarray(0, 3_000)],
    ['without its end', tarOf([{ name: 'f' }], Buffer.alloc(0))],
    ['a wrong checksum', Buffer.concat([headerOf({ name: 'f' }, 0).fill('g', 0, 1), Buffer.alloc(1_024)])],
    ['a negative size', tarOf([{ name: 'f', raw: new Map([[124, Buffer.alloc(12, 0xff)]]) }])],
    [
      'a size beyond numbers',
      tarOf([{ name: 'f', raw: new Map([[124, Buffer.from([0x80, ...Array(11).fill(0x7f)])]]) }]),
    ],
    ['an owner beyond 32 bits', tarOf([{ name: 'f', pax: { uid: '4294967296' } }])],
    ['letters for a size', tarOf([{ name: 'f', raw: new Map([[124, Buffer.from('12x')]]) }])],
    ['a type nobody knows', tarOf([{ name: 'f', flag: 'Z' }])],
    ['a name with a NUL', tarOf([{ name: 'f', pax: { path: 'a\0b' } }])],
    ['a record that lies about its length', tarOf([{ name: 'p', flag: 'x', content: '99 path=x\n' }, { name: 'f' }])],
    ['an ACL of somebody without a number', tarOf([{ name: 'f', pax: { 'SCHILY.acl.access': 'user:joe:r--' } }])],
    ['a device that cannot be', tarOf([{ name: 'f', flag: '3', raw: new Map([[329, Buffer.from('7777777\0')]]) }])],
    [
      'a sparse map out of order',
      tarOf([{ name: 'f', content: 'abcde', pax: { 'GNU.sparse.map': '9,3,0,2', 'GNU.sparse.size': '99' } }]),
    ],
    [
      'a sparse map that is not of what is stored',
      tarOf([{ name: 'f', content: 'abcde', pax: { 'GNU.sparse.map': '0,3', 'GNU.sparse.size': '99' } }]),
    ],
  ])('are refused of a tar with %s', async (_, bytes) => {
    expect(await codeFor(bytes)).toBe('ARCHIVE');
  });

  it('are refused where a few bytes say that they are a petabyte', async () => {
    const pax = { 'GNU.sparse.map': '0,1', 'GNU.sparse.size': '1000000000000000' };

    expect(await codeFor(tarOf([{ name: 'f', content: 'x', pax }]))).toBe('ARCHIVE');
  });
});
