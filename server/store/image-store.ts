import type { Selectable } from 'kysely';
import type { Envelope } from '../../shared/dsse.ts';
import type { Image } from '../../shared/image.ts';
import type { Db } from './database.ts';
import type { ImageTable } from './tables.ts';

/** An image as pushed: what its two statements say, and the envelopes themselves. */
export interface StoredImage extends Image {
  readonly manifest: Envelope;
  readonly rules: Envelope;
  readonly platform: { readonly os: string; readonly arch: string; readonly distro: string };
  readonly entries: number;
  readonly rulesSequence: number;
  readonly signedBy: readonly string[];
  readonly pushedAt: string;
}

export async function insertImage(db: Db, image: StoredImage): Promise<void> {
  await db
    .insertInto('image')
    .values({
      digest: image.digest,
      name: image.name,
      version: image.version,
      manifest: JSON.stringify(image.manifest),
      rules: JSON.stringify(image.rules),
      platform: JSON.stringify(image.platform),
      entries: image.entries,
      rules_sequence: image.rulesSequence,
      signed_by: JSON.stringify(image.signedBy),
      pushed_at: image.pushedAt,
    })
    .execute();
}

/** Its entries are on disk (`entries-store.ts`). */
export async function noteEntriesKept(db: Db, digest: string): Promise<void> {
  await db.updateTable('image').set({ entries_kept: 1 }).where('digest', '=', digest).execute();
}

export async function findImage(db: Db, digest: string): Promise<StoredImage | undefined> {
  const row = await db.selectFrom('image').selectAll().where('digest', '=', digest).executeTakeFirst();
  return row && storedImage(row);
}

export async function findImageByRef(
  db: Db,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<StoredImage | undefined> {
  const row = await db
    .selectFrom('image')
    .selectAll()
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return row && storedImage(row);
}

function storedImage(row: Selectable<ImageTable>): StoredImage {
  return {
    name: row.name,
    version: row.version,
    digest: row.digest,
    manifest: JSON.parse(row.manifest),
    rules: JSON.parse(row.rules),
    platform: JSON.parse(row.platform),
    entries: row.entries,
    rulesSequence: row.rules_sequence,
    signedBy: JSON.parse(row.signed_by),
    pushedAt: row.pushed_at,
  };
}
