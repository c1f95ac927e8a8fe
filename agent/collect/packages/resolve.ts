import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';

const linksMax = 40;

/**
 * Where a path leads once its links are followed inside the root: two places that are one by a link (`/var/lib/rpm`,
 * `/lib`) are read once. Undefined where nothing is there; links that lead nowhere else are told to `onLoop`.
 */
export function resolvePath(
  reader: Pick<Reader, 'stat'>,
  path: RawName,
  onLoop: (path: RawName) => void = () => {},
): RawName | undefined {
  const left = path.split('/').reverse();
  const done: RawName[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const found = reader.stat(`/${[...done, part].join('/')}`);
    if (found === undefined) return undefined;
    if (found.target === undefined) done.push(part);
    else {
      if (++links > linksMax) return void onLoop(path);
      if (found.target.startsWith('/')) done.length = 0;
      left.push(...found.target.split('/').reverse());
    }
  }
  return `/${done.join('/')}`;
}

/** The same for what must be a regular file in the end; anything else that lies about is none. */
export function resolveFile(reader: Pick<Reader, 'stat'>, path: RawName): RawName | undefined {
  const at = resolvePath(reader, path);
  return at !== undefined && reader.stat(at)?.type === 'file' ? at : undefined;
}

/** Of several places, those that are there, each once. */
export function distinctPlaces(
  reader: Pick<Reader, 'stat'>,
  paths: readonly RawName[],
  onLoop?: (path: RawName) => void,
): readonly RawName[] {
  return [...new Set(paths.map((path) => resolvePath(reader, path, onLoop)).filter((path) => path !== undefined))];
}
