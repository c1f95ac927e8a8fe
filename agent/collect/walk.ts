import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import type { RawName } from '../../shared/name.ts';
import type { Scope } from './scope.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

/** Some paths in order, and the same as the observing threads want them. */
export interface PathBatch {
  readonly paths: readonly RawName[];
  readonly request: string;
}

const batchPathsMax = 128;

/**
 * Every path at and beneath `start` that is in scope, in the byte order of whole paths, lazily and without recursion.
 * That order is not the order of directories inside directories: `/a-b` stands between `/a` and `/a/b`. So a directory
 * sorts twice among its siblings: once as itself, once as its contents under the key `name/`.
 * Memory grows with the largest directories on one line from the root, not with the tree.
 */
export function* walkTree(root: RootPrefix, scope: Scope, start: RawName = '/'): Generator<PathBatch> {
  let paths: RawName[] = [];
  let marked: string[] = [];
  const levels: Level[] = [startLevel(root, start)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const item = level.items[level.next++];
    if (item === undefined) {
      levels.pop();
      continue;
    }
    if (item.endsWith('/')) {
      const directory = (level.prefix + item).slice(0, -1) || '/';
      if (scope.enters(directory)) levels.push(listLevel(root, scope, directory));
      continue;
    }
    const kind = item.at(-1);
    const path = level.prefix + item.slice(0, -2);
    if (!scope.observes(path, kind === 'd')) continue;
    paths.push(path);
    marked.push((kind === 'f' ? 'f' : '-') + path);
    if (paths.length === batchPathsMax) {
      yield { paths, request: marked.join('\0') };
      paths = [];
      marked = [];
    }
  }
  if (paths.length > 0) yield { paths, request: marked.join('\0') };
}

/**
 * A listed directory, sorted. Each item is a name, a NUL and a letter for its kind (`f` regular file, `d` directory,
 * `-` other); NUL sorts before all that a longer name could go on with. The contents of a directory are an item of their
 * own: the name and a slash, as no name has one.
 */
interface Level {
  readonly prefix: RawName;
  readonly items: readonly string[];
  next: number;
}

function startLevel(root: RootPrefix, start: RawName): Level {
  let kind = '-';
  try {
    const stats = lstatSync(systemPath(root, start));
    kind = stats.isDirectory() ? 'd' : stats.isFile() ? 'f' : '-';
  } catch {
    // Observing it will say why.
  }
  const itself = `${start}\0${kind}`;
  const contents = start === '/' ? '/' : `${start}/`;
  return { prefix: '', items: kind === 'd' ? [itself, contents] : [itself], next: 0 };
}

function listLevel(root: RootPrefix, scope: Scope, directory: RawName): Level {
  const prefix = directory === '/' ? '/' : `${directory}/`;
  try {
    const items: string[] = [];
    for (const entry of list(systemPath(root, directory))) addItems(items, entry);
    return { prefix, items: items.sort(), next: 0 };
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        // Gone, or something else by now: whatever was baked beneath is not there.
        break;
      case 'EACCES':
      case 'EPERM':
        scope.onHole(directory, 'unreadable');
        break;
      case 'ENAMETOOLONG':
        scope.onHole(directory, 'too-deep');
        break;
      default:
        scope.onHole(directory, 'io-error');
    }
    return { prefix, items: [], next: 0 };
  }
}

/**
 * Names as latin1 strings hold any bytes. Where the filesystem does not say the types, Node looks each name up by itself
 * and, given strings, looks up the wrong bytes: then buffers, which it gets right.
 */
function list(at: string | Buffer): readonly Dirent<string>[] | readonly Dirent<Buffer>[] {
  try {
    return readdirSync(at, { withFileTypes: true, encoding: 'latin1' });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return readdirSync(at, { withFileTypes: true, encoding: 'buffer' });
  }
}

function addItems(items: string[], entry: Dirent<string> | Dirent<Buffer>): void {
  const name = typeof entry.name === 'string' ? entry.name : entry.name.toString('latin1');
  if (entry.isDirectory()) items.push(`${name}\0d`, `${name}/`);
  else items.push(`${name}\0${entry.isFile() ? 'f' : '-'}`);
}
