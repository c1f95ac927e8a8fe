import { digestOf } from '../../shared/digest.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { isLeftOut, type Rulebook } from '../../shared/rulebook.ts';
import type { Mounts } from '../collect/mounts.ts';
import { lookOutside } from '../collect/outer-paths.ts';
import { isLocal, type SilentMounts } from '../collect/silent-mounts.ts';
import { errnoOf, type RootPrefix } from '../collect/system-path.ts';

/**
 * A digest of the filesystems that a sweep enters. Undefined where one of them is on another machine or kept by a program: its
 * times are not of our clock, and tell nothing.
 */
export function mountsDigest(mounts: Mounts, rulebook: Rulebook): string | undefined {
  const met = [...mounts.all()].filter(({ path }) => !isLeftOut(rulebook.rulingOf(path)));
  if (met.some(({ type, pseudo }) => !pseudo && !isLocal(type))) return undefined;
  return digestOf(JSON.stringify(met.map(({ path, type }) => [path, type]).sort()));
}

/** A path where facts are read and no walk looks, and a text that changes when anything does there. */
export type Outer = [path: string, state: string];

/** Those of the paths that a walk does not tell of: it leaves them out, or a link leads elsewhere. */
export function outerPaths(
  prefix: RootPrefix,
  silent: SilentMounts,
  paths: Iterable<RawName>,
  leavesOut: (path: RawName) => boolean,
): Outer[] {
  return [...paths].flatMap((path): Outer[] => {
    const { place, state } = stateOf(prefix, path, silent);
    return place === path && !leavesOut(path) ? [] : [[encodeRaw(path), `${encodeRaw(place)} ${state}`]];
  });
}

function stateOf(prefix: RootPrefix, path: RawName, silent: SilentMounts) {
  try {
    return lookOutside(prefix, path, silent);
  } catch (error) {
    return { place: '', state: errnoOf(error) };
  }
}
