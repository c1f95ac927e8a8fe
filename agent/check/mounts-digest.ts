import { digestOf } from '../../shared/digest.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Mount, Mounts } from '../collect/mounts.ts';
import { isLocal } from '../collect/silent-mounts.ts';

/**
 * Of the filesystems beneath a root that a walk may enter. Undefined where nobody lists them, and where one of them is on
 * another machine or kept by a program: its times are not of our clock, and tell nothing.
 */
export function mountsDigest(mounts: Mounts, rulebook: Rulebook): string | undefined {
  const met = [...mounts.all()].filter(({ path }) => rulebook.rulingOf(path).treatment !== 'foreign');
  if (!mounts.isListed || met.some(({ type, pseudo }) => !pseudo && !isLocal(type))) return undefined;
  return digestOf(JSON.stringify(met.map(({ path, type }) => [path, type]).sort()));
}

/** Whether the times of what is there tell of every change. On FAT ctime is what mtime is, which may be chosen. Of the root, always. */
export function isTimed(mount: Mount | undefined): boolean {
  return mount === undefined || (isLocal(mount.type) && mount.type !== 'vfat' && mount.type !== 'exfat');
}
