import type { RawName } from '../../shared/name.ts';
import { moduleKey } from '../collect/live/modules.ts';

/** The kernels and modules that were baked, from the paths of a manifest. */
export interface BakedKernels {
  readonly see: (path: RawName) => void;
  /** Sorted. */
  readonly releases: () => readonly RawName[];
  /** Whether the running kernel has a file for a module of it. */
  readonly hasModule: (name: string) => boolean;
}

const modulesOf = ['/lib/modules/', '/usr/lib/modules/'] as const;
const image = '/boot/vmlinuz-';
const moduleFile = /([^/]+)\.ko(?:\.(?:xz|zst|gz))?$/;
/** An image has one kernel or a few. */
const releasesMax = 1_000;

/** Keeps the modules of the running release only, and of these their names. */
export function openBakedKernels(running: RawName): BakedKernels {
  const releases = new Set<RawName>();
  const modules = new Set<string>();
  const add = (release: RawName) => {
    if (release !== '' && releases.size < releasesMax) releases.add(release);
  };
  return {
    see: (path) => {
      if (path.startsWith(image)) return add(path.slice(image.length));
      const directory = modulesOf.find((place) => path.startsWith(place));
      if (directory === undefined) return;
      const [release, ...rest] = path.slice(directory.length).split('/');
      if (rest.length === 0) return add(release!);
      const file = release === running ? moduleFile.exec(rest.at(-1)!) : null;
      if (file !== null) modules.add(moduleKey(file[1]!));
    },
    releases: () => [...releases].sort(),
    hasModule: (name) => modules.has(moduleKey(name)),
  };
}
