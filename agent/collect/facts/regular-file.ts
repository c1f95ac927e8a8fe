import type { RawName } from '../../../shared/name.ts';
import type { RootStat } from '../root.ts';
import type { Reader } from './collector.ts';

const linksMax = 40;
const pathBytesMax = 4_096;
const segmentBytesMax = 255;
/** Segments of a path and of all links on the way. */
const stepsMax = 4_096;

/**
 * The text of a regular file, or of one that links lead to. Anything else, a directory, a FIFO, a loop, an impossible
 * path, says nothing: so a stranger's odd file in a home is no hole, as it would be through `reader.text` alone.
 */
export function regularText(reader: Reader, path: RawName): RawName | undefined {
  const at = regularFile(reader, path);
  return at === undefined ? undefined : reader.text(at);
}

/** Where a regular file really lies: its path without links. */
export function regularFile(reader: Reader, path: RawName): RawName | undefined {
  return resolve(reader, path, 'file');
}

/** The names in a directory, or in one that links lead to, sorted by bytes. */
export function namesIn(reader: Reader, path: RawName): readonly RawName[] {
  const at = resolve(reader, path, 'dir');
  return at === undefined ? [] : reader.list(at);
}

function resolve(reader: Reader, path: RawName, type: 'file' | 'dir'): RawName | undefined {
  if (!path.startsWith('/') || path.length > pathBytesMax || path.includes('\0')) return undefined;
  const left = path.split('/').reverse();
  let at: RawName = '';
  let found: RootStat['type'] = 'dir';
  for (let links = 0, steps = 0; left.length > 0; steps++) {
    const segment = left.pop()!;
    if (found !== 'dir' || segment.length > segmentBytesMax || steps === stepsMax) return undefined;
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const stat = statOnce(reader, `${at}/${segment}`);
    if (stat === undefined) return undefined;
    if (stat.type !== 'symlink') {
      at = `${at}/${segment}`;
      found = stat.type;
    } else {
      if (++links > linksMax || stat.target === undefined) return undefined;
      if (stat.target.startsWith('/')) at = '';
      left.push(...stat.target.split('/').reverse());
    }
  }
  return found === type ? at || '/' : undefined;
}

const statsOf = new WeakMap<Reader, Map<RawName, RootStat | undefined>>();

/** Remembered for as long as its reader lives, which is one look at one subject: most paths begin alike. */
export function statOnce(reader: Reader, path: RawName): RootStat | undefined {
  let known = statsOf.get(reader);
  if (known === undefined) {
    known = new Map();
    statsOf.set(reader, known);
  }
  if (!known.has(path)) known.set(path, reader.stat(path));
  return known.get(path);
}
