import type { Hole } from '../../shared/coverage.ts';
import { encodeRaw, type Name, type RawName } from '../../shared/name.ts';
import { compilePattern } from '../../shared/pattern.ts';
import { reasonOf } from '../collect/facts/collector.ts';
import type { Root } from '../collect/root.ts';
import { selfAndAbove } from '../collect/scope.ts';
import { errnoOf } from '../collect/system-path.ts';
import { type Condition, type Remnant, remnants } from './remnants.ts';

/** What should not be baked in, and how it is taken out. */
export interface FoundRemnant extends Pick<Remnant, 'code' | 'level' | 'why'> {
  readonly names: readonly Name[];
  readonly fix: string;
}

export interface Remnants {
  readonly found: readonly FoundRemnant[];
  /** What could not be looked at. */
  readonly holes: readonly Hole[];
}

/** Of one pattern. Past it there is a hole: some were not looked at. */
const matchesMax = 10_000;
/** Files whose text decides are of a few lines; one that is larger counts as found. */
const textBytesMax = 1_048_576;

/** `shown` is what stands before each name in the commands: where the root lies on this machine, if it does. */
export function findRemnants(root: Root, shown: string): Remnants {
  const holes = new Map<RawName, Hole>();
  const look = openLook(root, (path, reason) => holes.set(path, { subject: 'file', name: encodeRaw(path), reason }));
  const found = remnants.flatMap((remnant) => {
    const matched = remnant.match.map((pattern) => ({
      pattern,
      paths: look.expand(pattern).filter((path) => look.counts(path, remnant.only)),
    }));
    const present = matched.filter(({ paths }) => paths.length > 0);
    if (present.length === 0) return [];
    const { code, level, why } = remnant;
    const paths = present.flatMap((one) => one.paths);
    const fix =
      remnant.fix ??
      removal(
        paths,
        present.map(({ pattern }) => pattern),
      );
    const prefix = shown === '' || /^[\w/.+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
    return [{ code, level, why, names: paths.map(encodeRaw), fix: fix.replaceAll('{}', prefix) }];
  });
  // One at a directory covers what is beneath it.
  const isCovered = (path: RawName) => [...selfAndAbove(path)].slice(1).some((above) => holes.has(above));
  return { found, holes: [...holes].filter(([path]) => !isCovered(path)).map(([, hole]) => hole) };
}

const namedMax = 4;

/** By their names where that is short and they are plain to a shell, else by what they have in common. */
function removal(paths: readonly RawName[], patterns: readonly string[]): string {
  const isNamed = paths.length <= namedMax && paths.every((path) => /^[\w/.+-]+$/.test(path));
  return `rm -rf ${(isNamed ? paths : patterns).map((path) => `{}${path}`).join(' ')}`;
}

function openLook(root: Root, onHole: (path: RawName, reason: Hole['reason']) => void) {
  /** Undefined where nothing is there, or it became a hole. */
  const attempt = <T>(path: RawName, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      const reason = reasonOf(errnoOf(error));
      if (reason !== undefined) onHole(path, reason);
      return undefined;
    }
  };
  const isThere = (path: RawName) => attempt(path, () => root.stat(path)) !== undefined;
  return {
    /** The paths that a pattern without `**` matches and that are there. */
    expand: (pattern: string): readonly RawName[] => {
      let paths: readonly RawName[] = [''];
      for (const segment of pattern.slice(1).split('/')) {
        const matches = compilePattern(`/${segment}`);
        const isPlain = !/[*?[]/.test(segment);
        const next = paths.flatMap((path) =>
          isPlain
            ? [`${path}/${segment}`]
            : (attempt(path || '/', () => root.list(path || '/')) ?? [])
                .filter((name) => matches(`/${name}`))
                .map((name) => `${path}/${name}`),
        );
        if (next.length > matchesMax) onHole(paths[0] || '/', 'too-many');
        paths = next.slice(0, matchesMax);
      }
      return paths.filter(isThere);
    },
    counts: (path: RawName, only: Condition | undefined): boolean => {
      if (only === undefined) return true;
      if (only === 'file') return attempt(path, () => root.stat(path))?.type === 'file';
      return attempt(path, () => says(root, path, only)) ?? false;
    },
  };
}

/** Links are followed within the root. Throws as the system does. */
function says(root: Root, path: RawName, only: Exclude<Condition, 'file'>): boolean {
  try {
    if (only === 'content') return root.read(path, 0).length > 0;
    return only(root.read(path, textBytesMax).toString('latin1'));
  } catch (error) {
    switch (errnoOf(error)) {
      case 'EFBIG':
        return true;
      // A directory or a device: no such file of a machine that ran.
      case 'EINVAL':
        return false;
      default:
        throw error;
    }
  }
}
