import type { ImageLink } from '../../shared/api-enrolment.ts';
import { imageRef } from '../../shared/image.ts';
import type { Db } from './database.ts';

/** Which of our images a cloud means by a name of its own. */
export async function findLinkedImage(
  db: Db,
  cloudImage: string,
): Promise<{ readonly name: string; readonly version: string; readonly digest: string } | undefined> {
  return db
    .selectFrom('image_link')
    .innerJoin('image', 'image.digest', 'image_link.image_digest')
    .select(['image.name', 'image.version', 'image.digest'])
    .where('cloud_image', '=', cloudImage)
    .executeTakeFirst();
}

export async function insertLink(db: Db, cloudImage: string, imageDigest: string, at: string): Promise<void> {
  await db
    .insertInto('image_link')
    .values({ cloud_image: cloudImage, image_digest: imageDigest, linked_at: at })
    .execute();
}

/** False when there was none. */
export async function deleteLink(db: Db, cloudImage: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('image_link').where('cloud_image', '=', cloudImage).executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function findLink(db: Db, cloudImage: string): Promise<ImageLink | undefined> {
  const row = await linkRows(db).where('cloud_image', '=', cloudImage).executeTakeFirst();
  return row && linkOf(row);
}

export function linkRows(db: Db) {
  return db
    .selectFrom('image_link')
    .innerJoin('image', 'image.digest', 'image_link.image_digest')
    .select(['cloud_image', 'image_digest', 'linked_at', 'image.name', 'image.version']);
}

export function linkOf(row: Awaited<ReturnType<ReturnType<typeof linkRows>['execute']>>[number]): ImageLink {
  return {
    cloudImage: row.cloud_image,
    image: imageRef(row),
    imageDigest: row.image_digest,
    linkedAt: row.linked_at,
  };
}
