import type { RawName } from '../../shared/name.ts';
import type { Root } from '../collect/root.ts';
import { type Directory, type Inode, isDirectory } from './tree.ts';

const linksMax = 40;

/**
 * A tree as collectors read it, with the answers that the system gives for a directory (`directoryRoot`). `contentOf` may
 * throw where it has no content at hand.
 */
export function treeRoot(root: Directory, contentOf: (file: Inode) => Buffer): Root {
  const read = (inode: Inode, path: RawName, bytesMax: number): Buffer => {
    if (inode.data === undefined) throw systemError('EINVAL', path);
    if (inode.data.size > bytesMax) throw systemError('EFBIG', path);
    return contentOf(inode);
  };
  return {
    read: (path, bytesMax) => read(inodeOf(root, path), path, bytesMax),
    readPlain: (path, bytesMax) => {
      const inode = plainInode(root, path);
      if (inode === undefined) throw systemError('ENOENT', path);
      return read(inode, path, bytesMax);
    },
    list: (path) => {
      const inode = inodeOf(root, path);
      if (!isDirectory(inode)) throw systemError('ENOTDIR', path);
      return [...inode.children.keys()].sort();
    },
    stat: (path) => {
      const { type, mode, uid, gid, target } = inodeOf(root, path, false);
      return { type, mode, uid, gid, ...(target !== undefined && { target }) };
    },
  };
}

/** What stands at a path with no link on the way, as a walk gives it. */
export function plainInode(root: Directory, path: RawName): Inode | undefined {
  let at: Inode | undefined = root;
  if (path === '/') return at;
  for (const part of path.slice(1).split('/')) at = at?.children?.get(part);
  return at;
}

/**
 * What stands at a path, links followed, the last one too if `last`. Absolute link targets begin at the root and `..` ends
 * there, as for a process that runs in the image. Throws as the system does.
 */
export function inodeOf(root: Directory, path: RawName, last = true): Inode {
  const left = path.split('/').reverse();
  const way: Inode[] = [root];
  for (let links = 0; left.length > 0; ) {
    const part = left.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const at = way.at(-1)!;
    if (!isDirectory(at)) throw systemError('ENOTDIR', path);
    const next = at.children.get(part);
    if (next === undefined) throw systemError('ENOENT', path);
    if (next.target === undefined || (left.length === 0 && !last)) way.push(next);
    else {
      if (++links > linksMax) throw systemError('ELOOP', path);
      if (next.target.startsWith('/')) way.length = 1;
      left.push(...next.target.split('/').reverse());
    }
  }
  return way.at(-1)!;
}

export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
