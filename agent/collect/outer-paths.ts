import { encodeRaw, type Name, type RawName } from '../../shared/name.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, statx } from '../host/libc.ts';
import { newStat } from '../host/stat.ts';
import { type Ask, type Collector, readsAt } from './facts/collector.ts';
import { resolveInside } from './inside.ts';
import type { SilentMounts } from './silent-mounts.ts';
import { attributesOf, isSettled, noStamp, type StampPlace, writeStamp } from './stamp.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

/** Where a path leads within a root, and what is there. */
export interface OuterPath {
  readonly place: RawName;
  /** A text that changes when either does; empty where a later change may leave it as it is. */
  readonly state: string;
}

/** The paths that collectors ask for, as they are before anybody looks there. */
export interface OuterPaths {
  readonly onAsk: (collector: Collector, path: RawName, how: Ask) => void;
  /**
   * Those whose changes nobody else notices, with their states: a walk leaves them out, a link leads elsewhere, or the
   * collector does not say that it reads there.
   */
  readonly all: (leavesOut: (path: RawName) => boolean) => [Name, Ask, string][];
}

/** `sweptAt`: when the sweep began, in milliseconds since 1970. `isTimed`: whether the times at a place tell of every change. */
export function openOuterPaths(
  root: RootPrefix,
  silent: SilentMounts,
  sweptAt: number,
  isTimed: (place: RawName) => boolean,
): OuterPaths {
  const asked = new Map<RawName, OuterPath & { how: Ask; isDeclared: boolean }>();
  return {
    onAsk: (collector, path, how) => {
      const before = asked.get(path);
      const isDeclared = (before?.isDeclared ?? true) && readsAt(collector, path);
      if (before?.how === 'content' || before?.how === how) before.isDeclared = isDeclared;
      else asked.set(path, { ...outerPath(root, path, { how, silent, sweptAt }), how, isDeclared });
    },
    all: (leavesOut) =>
      [...asked]
        .filter(([path, { place, isDeclared }]) => !isDeclared || place !== path || leavesOut(path))
        .map(([path, { how, place, state }]) => [
          encodeRaw(path),
          how,
          how === 'content' && !isTimed(place) ? '' : state,
        ]),
  };
}

const stat = newStat();

/** Of what stands at a path itself, links on the way followed as the system does; zeros for nothing. */
export function stampAt(root: RootPrefix, path: RawName): StampPlace {
  const stamp = noStamp();
  if (statPath(root, path) === 0) writeStamp(stat, stamp);
  return stamp;
}

function statPath(root: RootPrefix, path: RawName): number {
  const at = systemPath(root, path);
  const end = typeof at === 'string' ? at : Buffer.concat([at, Buffer.of(0)]);
  return statx(AT_FDCWD, end, AT_SYMLINK_NOFOLLOW, stat.bytes);
}

interface OuterOptions {
  readonly how: Ask;
  readonly silent: SilentMounts;
  readonly sweptAt?: number;
}

/** Links on the way and at the end are followed inside the root. What cannot be looked at has a state too. */
export function outerPath(
  root: RootPrefix,
  path: RawName,
  { how, silent, sweptAt = Number.POSITIVE_INFINITY }: OuterOptions,
): OuterPath {
  try {
    const place = placeOf(root, path, silent);
    const stamp = noStamp();
    const failed = statPath(root, place);
    if (failed < 0) return { place, state: `${encodeRaw(place)} ${failed}` };
    writeStamp(stat, stamp);
    if (how === 'attributes') return { place, state: `${encodeRaw(place)} ${attributesOf(stamp)}` };
    return { place, state: isSettled(stamp, sweptAt) ? `${encodeRaw(place)} ${stamp.words.join()}` : '' };
  } catch (error) {
    return { place: '', state: `error ${errnoOf(error)}` };
  }
}

/** Of what is not there: where it would be. */
function placeOf(root: RootPrefix, path: RawName, silent: SilentMounts): RawName {
  try {
    return resolveInside(root, path, silent);
  } catch (error) {
    const slash = path.lastIndexOf('/');
    const isAbsent = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
    if (!isAbsent || slash === -1) throw error;
    const above = slash === 0 ? '/' : placeOf(root, path.slice(0, slash), silent);
    return `${above === '/' ? '' : above}${path.slice(slash)}`;
  }
}
