import type { ImageLink, LinkImage } from '../../shared/api-enrolment.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { type ImageRef, imageRef, parseImageRef } from '../../shared/image.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { placeAnew } from '../store/exemption-store.ts';
import { openFindings } from '../store/finding-store.ts';
import { findImageByRef } from '../store/image-store.ts';
import { findInstancesStartedFrom, type StoredInstance, updateInstance } from '../store/instance-store.ts';
import { deleteLink, findLink, insertLink } from '../store/link-store.ts';
import { appendChangeEvents } from './change-events.ts';
import { holeOf, withoutServerHole, withServerHole } from './server-holes.ts';
import { withVerdict } from './verdict.ts';

/**
 * Says which of our images a cloud means by a name of its own: that is the baseline of what was started from it, of those
 * that have enrolled already too. Linking the same again changes nothing.
 * Errors: NOT_FOUND, CONFLICT where it is linked to another.
 */
export async function linkImage(
  db: Db,
  { image: ref, cloudImage }: LinkImage,
  now: number,
  actor = 'admin',
): Promise<ImageLink> {
  return db.transaction().execute(async (tx) => {
    const parsed = parseImageRef(ref);
    const image = parsed && (await findImageByRef(tx, parsed));
    if (image === undefined) throw new CodedError('NOT_FOUND', `there is no image ${ref}`);

    const known = await findLink(tx, cloudImage);
    if (known?.imageDigest === image.digest) return known;
    if (known !== undefined) {
      throw new CodedError(
        'CONFLICT',
        `${cloudImage} is linked to ${known.image}: \`pristinectl images unlink ${cloudImage}\` first`,
      );
    }
    const linkedAt = timestamp(now);
    await insertLink(tx, cloudImage, image.digest, linkedAt);
    const data = { cloudImage, image: ref, imageDigest: image.digest, actor };
    await appendEvent(tx, { at: linkedAt, type: 'image.linked', data });
    await giveBaseline(tx, cloudImage, image.digest, linkedAt);
    return { cloudImage, image: imageRef(image), imageDigest: image.digest, linkedAt };
  });
}

/** What was started from it is an unknown image from then on. Errors: NOT_FOUND. */
export async function unlinkImage(db: Db, cloudImage: string, now: number, actor = 'admin'): Promise<ImageLink> {
  return db.transaction().execute(async (tx) => {
    const link = await findLink(tx, cloudImage);
    if (link === undefined) throw new CodedError('NOT_FOUND', `no image is linked to ${cloudImage}`);
    await deleteLink(tx, cloudImage);
    const data = { cloudImage, image: link.image, imageDigest: link.imageDigest, actor };
    await appendEvent(tx, { at: timestamp(now), type: 'image.unlinked', data });
    await giveBaseline(tx, cloudImage, undefined, timestamp(now));
    return link;
  });
}

/** For an image that configuration names before it is pushed. */
export function imagePushed(
  tx: Db,
  image: { readonly name: string; readonly version: string; readonly digest: string },
  at: string,
) {
  return giveBaseline(tx, imageRef(image), image.digest, at);
}

/**
 * Of an image that nobody knows: the digest of no manifest, so that whatever the agent compares with is another image, and
 * what it reports opens and closes nothing.
 */
export function withUnknownImage(instance: StoredInstance, startedFrom: string): StoredInstance {
  const imageDigest = digestOf(`unknown image\n${startedFrom}`);
  return withServerHole({ ...instance, imageDigest, startedFrom, pendingScan: null }, 'unknown-image', startedFrom);
}

/** What was measured against another baseline says nothing about this one: the gateway asks for a sweep, by the event. */
async function giveBaseline(
  tx: Db,
  startedFrom: ImageRef | string,
  imageDigest: string | undefined,
  at: string,
): Promise<void> {
  await placeAnew(tx);
  for (const before of await findInstancesStartedFrom(tx, startedFrom)) {
    if (before.imageDigest === imageDigest) continue;
    const placed = imageDigest === undefined ? withUnknownImage(before, startedFrom) : withImage(before, imageDigest);
    const measured = { ...withoutServerHole(placed, 'seen-outside'), scan: null, stateDigest: null };
    const after = withVerdict(measured, await openFindings(tx, before.id), at);
    await updateInstance(tx, after);
    await appendChangeEvents(tx, { before, after, opened: [], closed: [], scanId: null, at });
    const { id: instanceId, group: groupName } = after;
    const data = { startedFrom, imageDigest: imageDigest ?? null };
    await appendEvent(tx, { at, type: 'instance.rebased', groupName, instanceId, data });
  }
}

function withImage(before: StoredInstance, imageDigest: string): StoredInstance {
  const known = withoutServerHole({ ...before, imageDigest, pendingScan: null }, 'unknown-image');
  return holeOf(known, 'other-image')?.name === imageDigest ? withoutServerHole(known, 'other-image') : known;
}
