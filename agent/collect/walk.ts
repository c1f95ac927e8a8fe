import { type RawName, rawNameBytesMax } from '../../shared/name.ts';
import { close, errno } from '../host/libc.ts';
import { type Kind, listDirectory } from '../host/list-directory.ts';
import { openBeneath, toList, toLook } from '../host/open-beneath.ts';
import { newStat, statOf, typeIn } from '../host/stat.ts';
import { reasonOf, type ScanRoot } from './observe.ts';
import type { Scope } from './scope.ts';

/** Some paths in order, and the same as the observing threads want them. */
export interface PathBatch {
  readonly paths: readonly RawName[];
  readonly request: string;
}

const batchPathsMax = 64;

/**
 * Every path at and beneath `start` that is in scope, in the byte order of whole paths, lazily and without recursion.
 * That order is not the order of directories inside directories: `/a-b` stands between `/a` and `/a/b`. So a directory
 * sorts twice among its siblings: once as itself, once as its contents under the key `name/`.
 * Memory grows with the largest directories on one line from the root, not with the tree.
 */
export function walkTree(root: ScanRoot, scope: Scope, start: RawName = '/'): Generator<PathBatch> {
  return walkListing(listingOf(root), scope, start);
}

/** A tree as a walk sees it. */
export interface Listing {
  /** Of what cannot be looked at, observing it will say why. */
  readonly kindAt: (path: RawName) => Kind;
  /** Hands on each name until told to stop by false. Gives 0, or `-errno` where there is nothing to list. */
  readonly list: (directory: RawName, onName: (name: RawName, kind: Kind) => boolean) => number;
}

/** The same for any tree. */
export function* walkListing(listing: Listing, scope: Scope, start: RawName = '/'): Generator<PathBatch> {
  let paths: RawName[] = [];
  let marked: string[] = [];
  const levels: Level[] = [startLevel(listing, start)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const item = level.items[level.next++];
    if (item === undefined) {
      levels.pop();
      continue;
    }
    if (item.endsWith('/')) {
      const directory = (level.prefix + item).slice(0, -1) || '/';
      if (scope.enters(directory)) levels.push(listLevel(listing, scope, directory, levels.length));
      continue;
    }
    const kind = item.at(-1) as Kind;
    const path = level.prefix + item.slice(0, -2);
    if (!scope.observes(path, kind)) continue;
    paths.push(path);
    marked.push((kind === 'f' ? 'f' : '-') + path);
    if (paths.length === batchPathsMax) {
      yield { paths, request: marked.join('\0') };
      paths = [];
      marked = [];
    }
  }
  if (paths.length > 0) yield { paths, request: marked.join('\0') };
}

/**
 * A listed directory, sorted. Each item is a name, a NUL and a letter for its kind (`f` regular file, `d` directory,
 * `-` other); NUL sorts before all that a longer name could go on with. The contents of a directory are an item of their
 * own: the name and a slash, as no name has one.
 */
interface Level {
  readonly prefix: RawName;
  readonly items: readonly string[];
  next: number;
}

function startLevel(listing: Listing, start: RawName): Level {
  const kind = listing.kindAt(start);
  const itself = `${start}\0${kind}`;
  const contents = start === '/' ? '/' : `${start}/`;
  return { prefix: '', items: kind === 'd' ? [itself, contents] : [itself], next: 0 };
}

/** A directory deeper than that is not looked into, nor one with more names: their sorting would need too much memory. */
const depthMax = 1_024;
const namesMax = 1_000_000;

function listLevel(listing: Listing, scope: Scope, directory: RawName, depth: number): Level {
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const items: string[] = [];
  const empty = { prefix, items: [], next: 0 };
  if (depth > depthMax || prefix.length > rawNameBytesMax - 256) {
    scope.onHole(directory, 'too-deep');
    return empty;
  }
  let names = 0;
  const failed = listing.list(directory, (name, kind) => {
    if (++names > namesMax) return false;
    items.push(`${name}\0${kind}`);
    if (kind === 'd') items.push(`${name}/`);
    return true;
  });
  // Gone, or something else by now: whatever was baked beneath is not there.
  if (failed === -errno.ENOENT || failed === -errno.ENOTDIR || failed === -errno.ELOOP) return empty;
  if (names <= namesMax && failed === 0) return { prefix, items: items.sort(), next: 0 };
  scope.onHole(directory, names > namesMax ? 'too-many' : reasonOf(failed));
  return empty;
}

function listingOf(root: ScanRoot): Listing {
  return {
    kindAt: (path) => {
      const fd = openBeneath(root.fd, path, toLook);
      if (fd < 0) return '-';
      const stat = newStat();
      const type = statOf(fd, stat) < 0 ? undefined : typeIn(stat);
      close(fd);
      return type === 'file' ? 'f' : type === 'dir' ? 'd' : '-';
    },
    list: (directory, onName) => {
      const fd = openBeneath(root.fd, directory, toList);
      if (fd < 0) return fd;
      const failed = listDirectory(fd, onName);
      close(fd);
      return failed;
    },
  };
}
