import { digestOf } from '../../shared/digest.ts';
import { isLeftOut, type Rulebook } from '../../shared/rulebook.ts';
import type { Mounts } from '../collect/mounts.ts';
import { isLocal } from '../collect/silent-mounts.ts';

/**
 * Of the filesystems beneath a root, but for those that rules leave out. Undefined where one of them is on another machine
 * or kept by a program: its times are not of our clock, and tell nothing.
 */
export function mountsDigest(mounts: Mounts, rulebook: Rulebook): string | undefined {
  const met = [...mounts.all()].filter(({ path }) => !isLeftOut(rulebook.rulingOf(path)));
  if (met.some(({ type, pseudo }) => !pseudo && !isLocal(type))) return undefined;
  return digestOf(JSON.stringify(met.map(({ path, type }) => [path, type]).sort()));
}
