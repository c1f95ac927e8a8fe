import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PushedImage } from '../../../shared/api.ts';
import type { ImageLink } from '../../../shared/api-enrolment.ts';
import { type Envelope, parseEnvelope } from '../../../shared/dsse.ts';
import { CodedError } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import { manifestFiles } from '../../../shared/manifest.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../words.ts';

export async function push({ remote, out, json }: Context, [directory = '.']: readonly string[]): Promise<void> {
  const [manifest, rules] = await Promise.all([
    readEnvelope(join(directory, manifestFiles.manifest)),
    readEnvelope(join(directory, manifestFiles.rules)),
  ]);
  const pushed = await remote.post<PushedImage>('images', { manifest, rules });
  const image = pushed.entriesKept ? pushed : await pushEntries(remote, pushed, join(directory, manifestFiles.entries));
  if (json) return out.json(image);
  out.line(`${imageRef(image)} ${image.digest}: ${image.entries} entries`);
  if (!image.entriesKept) out.line('its entries are not there: no disk of it can be looked at from outside');
}

/** The image is pushed without them too; only outside looks need them. */
async function pushEntries(remote: Context['remote'], image: PushedImage, file: string): Promise<PushedImage> {
  if (!existsSync(file)) return image;
  return remote.putFile<PushedImage>(`images/${encodeURIComponent(image.digest)}/entries`, file, 'application/zstd');
}

/** Errors: NOT_FOUND, ENVELOPE. */
async function readEnvelope(file: string): Promise<Envelope> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('NOT_FOUND', `expected a baked manifest: could not read ${file}`, cause);
  }
  return parseEnvelope(text);
}

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<PushedImage>('images');
  if (json) return out.json(page);
  out.table(
    ['IMAGE', 'DIGEST', 'ENTRIES', 'INSTANCES', 'SYSTEM', 'PUSHED'],
    page.items.map((image) => [
      imageRef(image),
      shortDigest(image.digest),
      image.entries,
      image.instances,
      `${image.platform.distro} ${image.platform.arch}`,
      image.pushedAt,
    ]),
  );
}

export async function get({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const image = wanted.startsWith('sha256:')
    ? await remote.get<PushedImage>(`images/${encodeURIComponent(wanted)}`)
    : await findByRef(remote, wanted);
  if (json) return out.json(image);
  out.facts([
    ['image', imageRef(image)],
    ['digest', image.digest],
    ['entries', image.entries],
    ['rules', image.rules],
    ['entries kept', image.entriesKept ? 'yes' : 'no: no disk of it can be looked at from outside'],
    ['system', `${image.platform.os} ${image.platform.arch} ${image.platform.distro}`],
    ['signed by', image.signedBy.join(' ')],
    ['pushed', image.pushedAt],
    ['instances', image.instances],
  ]);
}

export async function link(
  { remote, out, json }: Context,
  [image = '', cloudImage = '']: readonly string[],
): Promise<void> {
  const made = await remote.post<ImageLink>('image-links', { image, cloudImage });
  if (json) out.json(made);
  else out.line(`${made.cloudImage} is ${made.image}`);
}

export async function unlink({ remote, out, json }: Context, [cloudImage = '']: readonly string[]): Promise<void> {
  const gone = await remote.post<ImageLink>(`image-links/${encodeURIComponent(cloudImage)}/unlink`);
  if (json) out.json(gone);
  else out.line(`${gone.cloudImage} was ${gone.image}, and is an unknown image now`);
}

export async function links({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<ImageLink>('image-links');
  if (json) return out.json(page);
  out.table(
    ['CLOUD IMAGE', 'IMAGE', 'DIGEST', 'LINKED'],
    page.items.map((one) => [one.cloudImage, one.image, shortDigest(one.imageDigest), one.linkedAt]),
  );
}

async function findByRef(remote: Context['remote'], ref: string): Promise<PushedImage> {
  const { items } = await remote.list<PushedImage>('images');
  const image = items.find((one) => imageRef(one) === ref);
  if (image === undefined) throw new CodedError('NOT_FOUND', `there is no image ${ref}`);
  return image;
}
