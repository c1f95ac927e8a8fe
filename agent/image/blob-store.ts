import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sentenceOf } from '../../shared/errors.ts';
import { readRegular } from '../collect/inside.ts';
import { archiveError } from './archive-error.ts';
import { type ByteSource, type FileSource, openFile, sliceOf } from './byte-source.ts';
import { readContents } from './contents.ts';
import type { Directory, Inode } from './tree.ts';
import { inodeOf } from './tree-root.ts';

/** The files of an image layout or archive, by name: `blobs/sha256/…`, `manifest.json`. */
export interface BlobStore {
  readonly has: (name: string) => boolean;
  /** A small file, whole. Errors: ARCHIVE, IO. */
  readonly read: (name: string) => Promise<Buffer>;
  /** Errors: ARCHIVE. */
  readonly source: (name: string) => Promise<ByteSource>;
  readonly close: () => void;
}

/** Manifests and configurations: image-spec asks for at least 4 MiB to be understood. */
const documentBytesMax = 4 * 1_048_576;

export function directoryStore(dir: string): BlobStore {
  const opened: FileSource[] = [];
  return {
    has: (name) => existsSync(join(dir, name)),
    read: async (name) => {
      try {
        return readRegular(join(dir, name), documentBytesMax);
      } catch (cause) {
        throw archiveError(`could not read ${name} of the image layout: ${sentenceOf(cause)}`, cause);
      }
    },
    source: async (name) => {
      try {
        const source = openFile(join(dir, name));
        opened.push(source);
        return source;
      } catch (cause) {
        throw archiveError(`a layer of the image is not there: ${name}`, cause);
      }
    },
    close: () => {
      for (const source of opened) source.close();
    },
  };
}

/** The same within a tar: its tree was read already. */
export function archiveStore(root: Directory): BlobStore {
  const read = async (name: string) => {
    const bytes = await readContents(root, (files) => {
      try {
        return files.read(`/${name}`, documentBytesMax);
      } catch (error) {
        return error as NodeJS.ErrnoException;
      }
    });
    if (Buffer.isBuffer(bytes)) return bytes;
    throw archiveError(`could not read ${name} of the image archive: ${sentenceOf(bytes)}`, bytes);
  };
  return {
    has: (name) => inodeAt(root, name) !== undefined,
    read,
    source: async (name) => {
      const inode = inodeAt(root, name);
      if (inode?.data === undefined) throw archiveError(`a layer of the image is not in the archive: ${name}`);
      const { size, stored } = inode.data;
      const [piece] = stored;
      if (piece === undefined || piece.length !== size) throw archiveError(`a layer has holes: ${name}`);
      return sliceOf(inode.layer!, piece.offset, size);
    },
    close: () => undefined,
  };
}

/** Links are followed within the archive: some programs let several images share a layer so. */
function inodeAt(root: Directory, name: string): Inode | undefined {
  try {
    return inodeOf(root, `/${name}`);
  } catch {
    return undefined;
  }
}
