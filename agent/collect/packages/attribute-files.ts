import { hash } from 'node:crypto';
import type { PackagedFile } from '../../../shared/attribution.ts';
import { type Name, type RawName, rawName } from '../../../shared/name.ts';
import type { Root } from '../root.ts';
import { type FileDigest, ownersOf } from './ownership.ts';

/** Whether what stands at a path has this digest; undefined where that could not be found out. */
export type HasDigest = (path: RawName, digest: FileDigest) => boolean | undefined;

/** For `groupFindings`: the package of each file that has one, and whether the file is as the package says. */
export function attributeFiles(
  root: Root,
  names: Iterable<Name>,
  hasDigest: HasDigest = digestWithin(root),
): ReadonlyMap<Name, PackagedFile> {
  const byRaw = new Map([...names].map((name) => [rawName(name), name]));
  const attributed = new Map<Name, PackagedFile>();
  for (const [path, owner] of ownersOf(root, byRaw.keys())) {
    const asPackaged = owner.digest === undefined ? undefined : hasDigest(path, owner.digest);
    attributed.set(byRaw.get(path)!, { package: owner.package, ...(asPackaged !== undefined && { asPackaged }) });
  }
  return attributed;
}

/** What is larger stays unknown. */
const fileBytesMax = 512 * 1_048_576;

/** By hashing what is there: a file's bytes, or where a link points. */
export function digestWithin(root: Root): HasDigest {
  return (path, { algorithm, value }) => {
    try {
      const { type, target } = root.stat(path);
      if (target !== undefined) return hash(algorithm, Buffer.from(target, 'latin1')) === value;
      return type === 'file' && hash(algorithm, root.read(path, fileBytesMax)) === value;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : undefined;
    }
  };
}
