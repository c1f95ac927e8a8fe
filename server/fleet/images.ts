import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { PushedImage, PushImage } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { type Envelope, keyId, verifyEnvelope } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { ManifestStatement } from '../../shared/manifest.ts';
import { RulesStatement } from '../../shared/rules.ts';
import { openStatement, parseStatement } from '../../shared/statement.ts';
import type { Db } from '../store/database.ts';
import type { EntriesClaim, EntriesStore } from '../store/entries-store.ts';
import { appendEvent } from '../store/event-store.ts';
import { findImage, findImageByRef, insertImage, noteEntriesKept, type StoredImage } from '../store/image-store.ts';
import { trustedPublicKeys } from '../store/key-store.ts';
import { findPushedImage } from '../store/views/images-view.ts';
import { imagePushed } from './image-links.ts';

/**
 * Takes in a baked image: both statements signed by a trusted key, and about the same image. A name and version mean
 * one digest for ever; pushing the same again changes nothing.
 * Errors: UNSIGNED, SIGNATURE, ENVELOPE, PAYLOAD_TYPE, STATEMENT, RULES, CONFLICT.
 */
export async function pushImage(db: Db, pushed: PushImage, now: number, actor = 'admin'): Promise<PushedImage> {
  return db.transaction().execute(async (tx) => {
    const image = openImage(pushed, await trustedPublicKeys(tx), now);

    const known = await findImage(tx, image.digest);
    if (known) {
      refuseOtherRules(known, image);
      return viewOf(tx, known);
    }

    const namesake = await findImageByRef(tx, image);
    if (namesake) {
      const ref = imageRef(image);
      throw new CodedError('CONFLICT', `${ref} is already ${namesake.digest}, got ${image.digest}: bake a new version`);
    }

    await insertImage(tx, image);
    await appendEvent(tx, {
      at: image.pushedAt,
      type: 'image.pushed',
      data: { name: image.name, version: image.version, digest: image.digest, actor },
    });
    await imagePushed(tx, image, image.pushedAt);
    return viewOf(tx, image);
  });
}

/** What the signed statement says of the entries. */
export function entriesClaimOf({ manifest }: Pick<StoredImage, 'manifest'>): EntriesClaim {
  const { subject, predicate } = parseStatement(Buffer.from(manifest.payload, 'base64'), ManifestStatement);
  return { sha256: subject[0]!.digest.sha256, bytes: predicate.entries.bytes };
}

/**
 * Keeps the entries of a pushed image, so that disks can be compared with them; the same again changes nothing.
 * Errors: NOT_FOUND, TOO_LARGE, DIGEST for any but those that were signed, IO.
 */
export async function keepEntries(
  { db, entries }: { readonly db: Db; readonly entries: EntriesStore },
  digest: string,
  body: Readable,
): Promise<PushedImage> {
  const image = await findImage(db, digest);
  if (image === undefined) throw new CodedError('NOT_FOUND', `there is no image ${digest}`);
  await entries.put(entriesClaimOf(image), body);
  await noteEntriesKept(db, digest);
  return viewOf(db, image);
}

function openImage({ manifest, rules }: PushImage, keys: readonly KeyObject[], now: number): StoredImage {
  const opened = openStatement(manifest, keys, ManifestStatement);
  const judged = openStatement(rules, keys, RulesStatement).statement.predicate;
  const { image, platform, entries } = opened.statement.predicate;
  if (judged.image.name !== image.name) {
    throw new CodedError('RULES', `expected rules of the image ${image.name}, got rules of ${judged.image.name}`);
  }
  return {
    ...image,
    digest: digestOf(opened.bytes),
    manifest,
    rules,
    platform,
    entries: entries.lines,
    rulesSequence: judged.sequence,
    signedBy: keys.filter((key) => hasSigned(manifest, key)).map(keyId),
    pushedAt: timestamp(now),
  };
}

export function hasSigned(envelope: Envelope, key: KeyObject): boolean {
  try {
    verifyEnvelope(envelope, [key]);
    return true;
  } catch {
    return false;
  }
}

/** Only the signed part counts: a further signature on the same rules is the same rules. */
function refuseOtherRules(known: StoredImage, image: StoredImage): void {
  if (known.rules.payload === image.rules.payload) return;
  if (image.rulesSequence > known.rulesSequence) {
    throw new CodedError('CONFLICT', 'newer rules of an image are pushed apart from it: `pristinectl rules push FILE`');
  }
  throw new CodedError(
    'CONFLICT',
    `${imageRef(image)} already has rules ${known.rulesSequence}, got other rules with sequence ${image.rulesSequence}`,
  );
}

async function viewOf(tx: Db, { digest }: StoredImage): Promise<PushedImage> {
  const view = await findPushedImage(tx, digest);
  if (view === undefined) throw new TypeError(`image ${digest} was pushed and is not there`);
  return view;
}
