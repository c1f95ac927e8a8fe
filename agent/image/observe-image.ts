import { writeFileLine } from '../../shared/entry-line.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import type { Observation, Tally } from '../collect/observe.ts';
import type { ObservedBatch } from '../collect/observe-tree.ts';
import type { Scope } from '../collect/scope.ts';
import { type Listing, walkListing } from '../collect/walk.ts';
import { type Directory, type Inode, isDirectory } from './tree.ts';
import { plainInode } from './tree-root.ts';

/** What the walk of a directory would give, of a tree. */
export async function* observeImage(
  root: Directory,
  scope: Scope,
  tally: Tally,
  labels: boolean,
): AsyncGenerator<ObservedBatch> {
  for (const { paths } of walkListing(listingOf(root), scope)) {
    yield { paths, observations: paths.map((path) => observationOf(plainInode(root, path)!, path, tally, labels)) };
  }
}

function listingOf(root: Directory): Listing {
  return {
    kindAt: (path) => kindOf(plainInode(root, path)),
    list: (path, onName) => {
      const directory = plainInode(root, path);
      if (!isDirectory(directory)) return 0;
      for (const [name, inode] of directory.children) if (!onName(name, kindOf(inode))) break;
      return 0;
    },
  };
}

function kindOf(inode: Inode | undefined): 'f' | 'd' | '-' {
  return inode?.type === 'file' ? 'f' : isDirectory(inode) ? 'd' : '-';
}

function observationOf(inode: Inode, path: RawName, tally: Tally, labels: boolean): Observation {
  const { type, mode, uid, gid, data, target, rdev } = inode;
  const { selinux, ...xattrs } = inode.xattrs;
  if (data !== undefined) {
    tally.filesHashed++;
    tally.bytesHashed += data.size;
  }
  return writeFileLine({
    subject: 'file',
    name: encodeRaw(path),
    type,
    ...(type !== 'symlink' && { mode: mode.toString(8).padStart(4, '0') }),
    uid,
    gid,
    ...(data !== undefined && { size: `${data.size}`, content: `sha256:${data.sha256}` }),
    ...(target !== undefined && { target: encodeRaw(target) }),
    ...(rdev !== undefined && { rdev }),
    ...xattrs,
    ...(labels && selinux !== undefined && { selinux }),
  });
}
