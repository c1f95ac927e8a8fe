import type { z } from 'zod';
import { CodedError } from '../../shared/errors.ts';
import { archiveError } from './archive-error.ts';
import type { BlobStore } from './blob-store.ts';
import {
  type Descriptor,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  parseDocument,
  SavedImages,
} from './image-documents.ts';
import { digestParts, type Layer, openDigester } from './layers.ts';
import { choosePlatform, ownPlatform, type Platform, platformText, suits } from './platform-choice.ts';

export interface ImageLayers {
  readonly layers: readonly Layer[];
  /** As image-spec calls it. */
  readonly architecture: string;
}

/** Of an OCI image layout, or of what `docker save` writes, where it has no layout. Errors: ARCHIVE, DIGEST, USAGE. */
export function imageLayers(store: BlobStore, wanted: Platform | undefined): Promise<ImageLayers> {
  return store.has('oci-layout') && store.has('index.json') ? layoutLayers(store, wanted) : savedLayers(store, wanted);
}

async function layoutLayers(store: BlobStore, wanted: Platform | undefined): Promise<ImageLayers> {
  const index = parseDocument(ImageIndex, 'index.json', await store.read('index.json'));
  const manifest = await chooseManifest(store, index.manifests, wanted);
  const { config: configAt, layers } = await readDocument(store, ImageManifest, manifest);
  const config = await readDocument(store, ImageConfig, configAt);
  requireFit(config, wanted);
  return {
    architecture: config.architecture,
    layers: await joinLayers(
      store,
      config,
      layers.map(({ digest }) => ({ name: blobName(digest), digest })),
    ),
  };
}

const depthMax = 4;

/** An index may name others. What a build says about itself beside the images (`unknown/unknown`) is none. */
async function chooseManifest(
  store: BlobStore,
  offered: readonly Descriptor[],
  wanted: Platform | undefined,
  depth = 0,
): Promise<Descriptor> {
  if (depth === depthMax) throw archiveError(`the image's index names others more than ${depthMax} deep`);
  const images = offered.filter(
    ({ platform, annotations }) =>
      platform?.os !== 'unknown' && annotations?.['vnd.docker.reference.type'] === undefined,
  );
  if (images.length === 0) throw archiveError('the index names no image');
  const named = images.map((image) => ({ ...image, ref: image.annotations?.['org.opencontainers.image.ref.name'] }));
  const chosen = choosePlatform(named, wanted, ownPlatform());
  if (!/\.(index\.v1|manifest\.list\.v2)\+json$/.test(chosen.mediaType ?? '')) return chosen;
  const inner = await readDocument(store, ImageIndex, chosen);
  return chooseManifest(store, inner.manifests, wanted, depth + 1);
}

async function savedLayers(store: BlobStore, wanted: Platform | undefined): Promise<ImageLayers> {
  const images = parseDocument(SavedImages, 'manifest.json', await store.read('manifest.json'));
  const [image] = images;
  if (image === undefined || new Set(images.map(({ Config }) => Config)).size > 1) {
    const tags = images.map(({ RepoTags, Config }) => RepoTags?.join(' ') || Config).join(', ');
    throw new CodedError('USAGE', `the archive holds several images: save one alone, of: ${tags}`);
  }
  const bytes = await store.read(insideName(image.Config));
  const named = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(image.Config)?.[1];
  if (named !== undefined) checkDigest(bytes, `sha256:${named}`, 'the configuration');
  const config = parseDocument(ImageConfig, image.Config, bytes);
  requireFit(config, wanted);
  return {
    architecture: config.architecture,
    layers: await joinLayers(
      store,
      config,
      image.Layers.map((name) => ({ name: insideName(name) })),
    ),
  };
}

async function joinLayers(
  store: BlobStore,
  { rootfs }: ImageConfig,
  named: readonly { readonly name: string; readonly digest?: string }[],
): Promise<readonly Layer[]> {
  if (rootfs.diff_ids.length !== named.length) {
    throw archiveError(`the image has ${named.length} layers, and its configuration knows ${rootfs.diff_ids.length}`);
  }
  const layers: Layer[] = [];
  for (const [index, { name, digest }] of named.entries()) {
    const source = await store.source(name);
    layers.push({ source, diffId: rootfs.diff_ids[index]!, ...(digest !== undefined && { blob: digest }) });
  }
  return layers;
}

/** Errors: ARCHIVE, DIGEST. */
async function readDocument<T>(store: BlobStore, schema: z.ZodType<T>, { digest }: Descriptor): Promise<T> {
  const bytes = await store.read(blobName(digest));
  checkDigest(bytes, digest, 'a document of the image');
  return parseDocument(schema, digest, bytes);
}

function checkDigest(bytes: Buffer, digest: string, what: string): void {
  const digester = openDigester(digest);
  digester.update(bytes);
  digester.check(what);
}

function blobName(digest: string): string {
  return `blobs/${digestParts(digest).join('/')}`;
}

/** Errors: ARCHIVE for a name that would lead out of the archive. */
function insideName(name: string): string {
  if (name.startsWith('/') || name.split('/').includes('..')) throw archiveError(`manifest.json names ${name}`);
  return name;
}

/** An image that stands alone is taken as it is, unless another platform was asked for. Errors: USAGE. */
function requireFit(config: ImageConfig, wanted: Platform | undefined): void {
  if (wanted === undefined || suits({ ...config, variant: config.variant ?? wanted.variant }, wanted)) return;
  throw new CodedError('USAGE', `the only image is for ${platformText(config)}, not for ${platformText(wanted)}`);
}
