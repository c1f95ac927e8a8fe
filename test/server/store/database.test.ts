import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { isSqliteSupported, openDatabase } from '../../../server/store/database.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { bindMachine } from '../../../server/store/launch-store.ts';
import { flushLastSeen } from '../../../server/store/presence-store.ts';
import { createToken, redeemToken } from '../../../server/store/token-store.ts';
import { anImageDigest, anInstanceRow, aTime } from '../../support/builders.ts';
import { aDatabase, aDirectory } from '../../support/database.ts';

describe('openDatabase', () => {
  it.each([
    ['3.51.3', true],
    ['3.51.2', false],
    ['3.52.0', true],
    ['3.9.0', false],
    ['4.0.0', true],
    ['', false],
  ])('takes SQLite %s: %s', (version, supported) => {
    expect(isSqliteSupported(version)).toBe(supported);
  });

  it('syncs each commit, and enforces foreign keys', async () => {
    const db = await aDatabase();
    const pragma = async (name: string) =>
      Object.values((await sql<object>`pragma ${sql.raw(name)}`.execute(db)).rows[0]!)[0];

    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
  });

  it('finds what was written before, and migrates once', async () => {
    const file = join(aDirectory(), 'pristine.db');
    const row = anInstanceRow();
    const first = await openDatabase({ file });
    await first.insertInto('instance').values(row).execute();
    await first.destroy();

    const second = await openDatabase({ file });

    expect(await findInstance(second, row.id)).toMatchObject({ id: row.id });
    await second.destroy();
  });

  it('says that the disk is full, and goes on when it is not any more', async () => {
    const db = await aDatabase();
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
    await sql`pragma max_page_count = ${sql.raw(`${rows[0]!.page_count + 2}`)}`.execute(db);
    const large = () =>
      db.transaction().execute((tx) =>
        tx
          .insertInto('instance')
          .values(anInstanceRow({ facts: 'x'.repeat(100_000) }))
          .execute(),
      );

    await expect(large()).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    await sql`pragma max_page_count = 1000000`.execute(db);
    await large();

    expect(await db.selectFrom('instance').select('id').execute()).toHaveLength(1);
    await db.destroy();
  });

  it('refuses a database of a newer release', async () => {
    const file = join(aDirectory(), 'pristine.db');
    const db = await openDatabase({ file });
    await sql`insert into kysely_migration values ('9999-from-the-future', ${aTime})`.execute(db);
    await db.destroy();

    await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('refuses what is no database', async () => {
    const directory = join(aDirectory(), 'a-directory');
    mkdirSync(directory);

    await expect(openDatabase({ file: directory })).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('launch tokens', () => {
  const request = {
    group: 'web',
    imageDigest: anImageDigest,
    labels: {},
    usesMax: 1,
    expiresInMs: 1_000,
    launchKey: 'r-1',
  };
  const machine = { launchKey: 'r-1', providerId: 'machine-1', group: 'web' };

  it('carry the machine to an agent that enrols after the launch', async () => {
    const db = await aDatabase();
    const { token } = await createToken(db, request, 0);

    await bindMachine(db, machine);

    expect(await redeemToken(db, token, 1)).toMatchObject({ launchKey: 'r-1', providerId: 'machine-1' });
  });

  it('give the machine to an agent that enrolled before the launch returned', async () => {
    const db = await aDatabase();
    const row = anInstanceRow({ launch_key: 'r-1', provider_id: null });
    await db.insertInto('instance').values(row).execute();

    await bindMachine(db, machine);

    expect(await findInstance(db, row.id)).toMatchObject({ providerId: 'machine-1' });
  });
});

it('never writes an earlier last sight over a later one', async () => {
  const db = await aDatabase();
  const row = anInstanceRow({ last_seen_at: '2026-01-02T00:00:00.000Z' });
  await db.insertInto('instance').values(row).execute();

  await flushLastSeen(db, new Map([[row.id, aTime]]));

  expect(await findInstance(db, row.id)).toMatchObject({ lastSeenAt: row.last_seen_at });
});
