import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePackage } from '../../../../agent/collect/packages/rpm.ts';
import { parseRpmHeader } from '../../../../agent/collect/packages/rpm-header.ts';
import { parseNdb } from '../../../../agent/collect/packages/rpm-ndb.ts';
import { parseRpmSqlite } from '../../../../agent/collect/packages/rpm-sqlite.ts';
import { aDirectory } from '../../../support/directory.ts';
import { seededRandom, testSeed } from '../../../support/random.ts';
import { anRpmPackage, anRpmSqlite, fillWithLog, rpmTable } from '../../../support/rpm-database.ts';

const named = (blob: Buffer) => {
  const header = parseRpmHeader(blob);
  const said = header === undefined ? undefined : parsePackage(header);
  return said === undefined ? undefined : `${said.name} ${said.epoch ?? ''}:${said.version}-${said.release}`;
};
const ndb = readFileSync(join(import.meta.dirname, '../../../fixtures/rpm/Packages.db'));
const changed = (bytes: Buffer, at: number, value: number) => {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(value >>> 0, at);
  return copy;
};

describe('ndb', () => {
  it('is read as rpm wrote it', () => {
    expect(parseNdb(ndb)?.map(named).sort()).toEqual(['alpha :1.0-1', 'alpha :2.0-1', 'beta 2:0.9-3']);
  });

  const firstBlob = ndb.readUInt32LE(32 + 8) * 16;
  const secondSlot = Buffer.from(ndb);
  ndb.copy(secondSlot, 32 + 16, 32, 32 + 16);

  it.each([
    ['nothing in it', Buffer.alloc(0)],
    ['another magic', changed(ndb, 0, 0)],
    ['another version', changed(ndb, 4, 1)],
    ['no page of slots', changed(ndb, 12, 0)],
    ['more pages of slots than bytes', changed(ndb, 12, 0xffff_ffff)],
    ['a slot without its mark', changed(ndb, 32, 0)],
    ['a blob beyond the end', changed(ndb, 32 + 8, 0xffff_ffff)],
    ['a blob among the slots', changed(ndb, 32 + 8, 1)],
    ['a blob of no length', changed(ndb, 32 + 12, 0)],
    ['one blob for two packages', secondSlot],
    ['a head without its mark', changed(ndb, firstBlob, 0)],
    ['a head of another package', changed(ndb, firstBlob + 4, 77)],
    ['a length that lies', changed(ndb, firstBlob + 12, 0xffff_fff0)],
    ['a changed byte in a package', changed(ndb, firstBlob + 64, 0x41414141)],
    ['an end that is missing', ndb.subarray(0, -16)],
  ])('is not understood with %s', (_what, database) => {
    expect(parseNdb(database)).toBeUndefined();
  });

  it('never throws, whatever bytes are changed', () => {
    const random = seededRandom(testSeed());

    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(ndb);
      for (let flips = random.below(8); flips >= 0; flips--) bytes[random.below(bytes.length)] = random.below(256);
      parseNdb(bytes)?.map(named);
    }
  });
});

describe('rpmdb.sqlite', () => {
  const blobs = [anRpmPackage('bash', '5.1'), anRpmPackage('zlib', '1.2')];
  const parse = (database: Buffer, wal?: Buffer) => parseRpmSqlite({ database, wal }, named);

  it('gives what its table holds, one that is empty nothing', () => {
    expect(parse(anRpmSqlite(blobs))).toEqual(['bash :5.1-1', 'zlib :1.2-1']);
    expect(parse(anRpmSqlite([]))).toEqual([]);
  });

  it('is what its log says it is, up to the last transaction that was ended', () => {
    const path = join(aDirectory(), 'rpmdb.sqlite');
    const writer = fillWithLog(path, [blobs[0]!], [blobs[1]!, anRpmPackage('late', '3')]);
    const [database, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    const bad = Buffer.from(wal);
    bad.fill(0, bad.length - 100);

    expect(parse(database)).toEqual(['bash :5.1-1']);
    expect(parse(database, wal)).toEqual(['bash :5.1-1', 'zlib :1.2-1', 'late :3-1']);
    expect(parse(database, bad)).toEqual(['bash :5.1-1', 'zlib :1.2-1']);
    expect(parse(database, wal.subarray(0, -1))).toEqual(['bash :5.1-1', 'zlib :1.2-1']);
    expect(parse(database, Buffer.alloc(0))).toEqual(['bash :5.1-1']);
    expect(parse(database, Buffer.alloc(9_000, 0x37))).toEqual(['bash :5.1-1']);
    writer.close();
  });

  const schema = (sql: string) => anRpmSqlite([], (database) => database.exec(sql));
  const good = anRpmSqlite(blobs);

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['another magic', Buffer.from('SQLite format 4\0'.padEnd(4_096, 'x'))],
    ['its header only', good.subarray(0, 100)],
    ['half of it', good.subarray(0, good.length / 2)],
    ['no table of packages', schema('CREATE TABLE other (x)')],
    ['a view for a table', schema("CREATE TABLE t (x); CREATE VIEW 'Packages' AS SELECT 1 AS hnum, x AS blob FROM t")],
    [
      'a view that never ends',
      schema(
        "CREATE VIEW 'Packages' AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS blob FROM c",
      ),
    ],
    [
      'a column that is computed',
      schema("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY, blob BLOB AS (zeroblob(1000000000)))"),
    ],
    ['a virtual table', schema("CREATE VIRTUAL TABLE 'Packages' USING fts5(blob)")],
    ['a page size of nonsense', Buffer.concat([good.subarray(0, 16), Buffer.from([0xff, 0xff]), good.subarray(18)])],
  ])('is not understood with %s', (_what, database) => {
    expect(parse(database)).toBeUndefined();
  });

  it('is not understood where a header is a text, rubbish or has no version', () => {
    const text = schema(`${rpmTable}; INSERT INTO Packages VALUES (1, 'x')`);

    expect(parse(text)).toBeUndefined();
    expect(parse(anRpmSqlite([...blobs, Buffer.from('rubbish')]))).toBeUndefined();
    expect(parse(anRpmSqlite([anRpmPackage('bash', '')]))).toBeUndefined();
  });

  it('never throws or runs away, whatever bytes are changed', () => {
    const random = seededRandom(testSeed());

    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(good);
      for (let flips = random.below(8); flips >= 0; flips--) bytes[random.below(bytes.length)] = random.below(256);
      parse(bytes);
    }
  });
});
