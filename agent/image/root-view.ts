import { arch } from 'node:os';
import { CodedError } from '../../shared/errors.ts';
import { type Mounts, readMounts, withSilence } from '../collect/mounts.ts';
import type { ScanRoot, Tally } from '../collect/observe.ts';
import { type ObservedBatch, observeTree } from '../collect/observe-tree.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { directoryRoot, type Root } from '../collect/root.ts';
import type { Scope } from '../collect/scope.ts';
import { findSilentMounts, type SilentMounts } from '../collect/silent-mounts.ts';
import { openRoot, type RootPrefix } from '../collect/system-path.ts';
import { readContents } from './contents.ts';
import { type ImageKind, imageKindOf } from './image-kind.ts';
import { observeImage } from './observe-image.ts';
import { noPlatform, openImage } from './open-image.ts';
import { archOf, type Platform } from './platform-choice.ts';

/** A root as bake and verify look at it: a directory of this machine, or an image that is not unpacked. */
export interface RootView {
  /** Directories only. */
  readonly prefix?: RootPrefix;
  readonly silent: SilentMounts;
  /** What it is made for, in the words of Node. */
  readonly arch: string;
  readonly mounts: () => Mounts;
  /** Everything in scope, in the byte order of whole paths. Called first and read later, it may already work. */
  readonly observe: (scope: Scope, tally: Tally) => AsyncIterable<ObservedBatch>;
  /** What `look` makes of it. May call it more than once, until all is at hand that it reads. Errors: ARCHIVE, UNSTABLE. */
  readonly read: <T>(look: (root: Root) => T) => Promise<T>;
  readonly close: () => void;
}

export interface RootViewOptions extends Pick<ScanRoot, 'labels' | 'stamps' | 'pace'> {
  readonly pool: ObserverPool;
  /** Of an image for several: the one that is meant. */
  readonly platform: Platform | undefined;
}

const noPace = 'an image that is not unpacked is read as fast as it goes: leave the limits away, or unpack it';

/** Errors: NOT_FOUND; of an image USAGE, ARCHIVE, DIGEST, UNSTABLE, IO. */
export async function openRootView(path: string, options: RootViewOptions): Promise<RootView> {
  const kind = imageKindOf(path);
  if (kind !== undefined && options.pace !== undefined) throw new CodedError('USAGE', `${path}: ${noPace}`);
  if (kind !== undefined) return imageView(path, kind, options);
  if (options.platform !== undefined) throw new CodedError('USAGE', `${path} is a directory: ${noPlatform}`);
  return directoryView(path, options);
}

/** Errors: NOT_FOUND. */
async function directoryView(path: string, { pool, labels, stamps = false, pace }: RootViewOptions): Promise<RootView> {
  const root = openRoot(path, { labels, stamps, ...(pace && { pace }) });
  const silent = await findSilentMounts(root.prefix, readMounts(root.prefix));
  return {
    prefix: root.prefix,
    silent,
    arch: arch(),
    mounts: () => withSilence(root.prefix, readMounts(root.prefix), silent),
    observe: (scope, tally) => observeTree(pool, root, scope, tally),
    read: async (look) => look(directoryRoot(root.prefix, silent)),
    close: root.close,
  };
}

async function imageView(path: string, kind: ImageKind, { labels, platform }: RootViewOptions): Promise<RootView> {
  const { tree, architecture, close } = await openImage(path, kind, platform);
  return {
    arch: architecture === undefined ? arch() : archOf(architecture),
    silent: new Set(),
    mounts: () => ({
      at: () => undefined,
      around: () => undefined,
      all: () => [],
      isListed: true,
      isExpected: () => true,
    }),
    observe: (scope, tally) => observeImage(tree, scope, tally, labels),
    read: (look) => readContents(tree, look),
    close,
  };
}
