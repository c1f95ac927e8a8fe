import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeEnvelope } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { manifestFiles } from '../../shared/manifest.ts';
import { entriesClaimOf } from '../fleet/images.ts';
import type { Db } from '../store/database.ts';
import type { EntriesStore } from '../store/entries-store.ts';
import { findImage, type StoredImage } from '../store/image-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import { trustedPublicKeys } from '../store/key-store.ts';
import { findRules } from '../store/rules-store.ts';

/** What this server knows an instance must be, as files for `pristine`. */
export interface Baseline {
  readonly manifest: string;
  readonly pub: string;
  /** Manifests of what was laid over the image; undefined for nothing. */
  readonly components: string | undefined;
  readonly imageDigest: string;
  readonly rules: number;
}

/**
 * The manifest that the instance was enrolled for, the rules that its agent says are in force, as a trusted key has signed
 * them, and the components that it laid over. Nothing of it comes from the machine. Errors: NOT_FOUND for what was never pushed, CONFLICT.
 */
export async function writeBaseline(
  { db, entries }: { readonly db: Db; readonly entries: EntriesStore },
  instance: StoredInstance,
  directory: string,
): Promise<Baseline> {
  const image = await findImage(db, instance.imageDigest);
  if (image === undefined) throw new CodedError('NOT_FOUND', 'its image was never pushed');
  const rules = await rulesOf(db, image, instance.rules);
  const keys = await trustedPublicKeys(db);
  const [manifest, pub] = [join(directory, 'manifest'), join(directory, 'trusted.pub')];
  await rm(directory, { recursive: true, force: true });
  await writeManifest(entries, image, manifest, rules);
  await writeFile(pub, keys.map((key) => key.export({ type: 'spki', format: 'pem' })).join(''));
  const laidOver = instance.coverage?.components ?? [];
  const components = laidOver.length === 0 ? undefined : join(directory, 'components');
  for (const { name, version, digest } of laidOver) {
    const component = await findImage(db, digest);
    if (component === undefined) {
      throw new CodedError(
        'NOT_FOUND',
        `${name}@${version} is laid over its image, and was never pushed: \`pristinectl images push\` its manifest`,
      );
    }
    await writeManifest(entries, component, join(components!, name), component.rules);
  }
  return { manifest, pub, components, imageDigest: image.digest, rules: instance.rules };
}

async function rulesOf(db: Db, image: StoredImage, sequence: number): Promise<StoredImage['rules']> {
  if (sequence === image.rulesSequence) return image.rules;
  const pushed = await findRules(db, image.name, sequence);
  if (pushed === undefined || pushed.activatedAt === null) {
    throw new CodedError('CONFLICT', `its agent judges by rules ${sequence}, which were never in force here`);
  }
  return pushed.envelope;
}

async function writeManifest(
  entries: EntriesStore,
  image: StoredImage,
  directory: string,
  rules: StoredImage['rules'],
): Promise<void> {
  const kept = entries.fileOf(entriesClaimOf(image).sha256);
  if (kept === undefined) {
    throw new CodedError(
      'NOT_FOUND',
      `the entries of ${imageRef(image)} are not kept here: push it again with \`pristinectl images push\``,
    );
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, manifestFiles.manifest), writeEnvelope(image.manifest));
  await writeFile(join(directory, manifestFiles.rules), writeEnvelope(rules));
  await symlink(kept, join(directory, manifestFiles.entries)).catch(() =>
    copyFile(kept, join(directory, manifestFiles.entries)),
  );
}
