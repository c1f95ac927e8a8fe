import { CodedError } from '../../shared/errors.ts';
import { archiveStore, type BlobStore, directoryStore } from './blob-store.ts';
import { inflated, newBudget, openFile } from './byte-source.ts';
import { type ImageKind, isOfImage, layoutNames } from './image-kind.ts';
import { imageLayers } from './image-layers.ts';
import { readLayers, readRootTar } from './layers.ts';
import type { Platform } from './platform-choice.ts';
import type { Directory } from './tree.ts';

export interface OpenImage {
  readonly tree: Directory;
  /** As image-spec calls it; a root tar does not say. */
  readonly architecture?: string;
  readonly close: () => void;
}

/**
 * Reads an image into a tree, and holds its files open so that contents can be read again. Errors: NOT_FOUND, USAGE,
 * ARCHIVE, DIGEST, IO.
 */
export async function openImage(path: string, kind: ImageKind, platform: Platform | undefined): Promise<OpenImage> {
  if (kind === 'layout') {
    const store = directoryStore(path);
    try {
      return { ...(await openStore(store, platform)), close: store.close };
    } catch (error) {
      store.close();
      throw error;
    }
  }
  const file = openFile(path);
  try {
    const budget = newBudget();
    const tree = await readRootTar(await inflated(file, budget), budget);
    if (!isImageArchive(tree)) {
      if (platform !== undefined) throw new CodedError('USAGE', noPlatform);
      return { tree, close: file.close };
    }
    return { ...(await openStore(archiveStore(tree), platform)), close: file.close };
  } catch (error) {
    file.close();
    throw error;
  }
}

export const noPlatform = '--platform is for images that say for what they are made';

async function openStore(store: BlobStore, platform: Platform | undefined): Promise<Omit<OpenImage, 'close'>> {
  const { layers, architecture } = await imageLayers(store, platform);
  return { tree: await readLayers(layers, newBudget()), architecture };
}

/** By the same rule as for directories: a system that holds such files is a system. */
function isImageArchive({ children }: Directory): boolean {
  const names = [...children.keys()];
  const isKnown = layoutNames.every((name) => children.has(name)) || children.has('manifest.json');
  return isKnown && names.every(isOfImage);
}
