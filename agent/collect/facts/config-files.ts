import type { RawName } from '../../../shared/name.ts';
import type { RootStat } from '../root.ts';
import type { Reader } from './collector.ts';

/** A configuration file of more bytes is a hole: nobody wrote it by hand, and every line of it would be a fact. */
export const configBytesMax = 4 * 1_048_576;
const linksMax = 40;

/** The text of a configuration file. Undefined, and no hole, where anything but a regular file stands or is led to. */
export function configText(reader: Reader, path: RawName): string | undefined {
  return kindOf(reader, path) === 'file' ? reader.text(path, configBytesMax) : undefined;
}

export interface ConfigFile {
  readonly name: RawName;
  readonly path: RawName;
}

/**
 * The files of drop-in directories as they take effect (systemd's conf_files_list): of each name the one in the earliest
 * directory, sorted by name. A link to /dev/null hides the later ones and says nothing itself: it is a mask.
 */
export function dropInFiles(
  reader: Reader,
  directories: readonly RawName[],
  isTaken: (name: RawName) => boolean,
): { readonly files: readonly ConfigFile[]; readonly masks: readonly ConfigFile[] } {
  const found = new Map<RawName, ConfigFile & { readonly isMask: boolean }>();
  for (const directory of directories) {
    for (const name of reader.list(directory)) {
      if (!isTaken(name) || found.has(name)) continue;
      const path = `${directory}/${name}`;
      const kind = kindOf(reader, path);
      if (kind === 'file' || kind === 'null') found.set(name, { name, path, isMask: kind === 'null' });
    }
  }
  const sorted = [...found.keys()].sort().map((name) => found.get(name)!);
  const only = (isMask: boolean) =>
    sorted.filter((file) => file.isMask === isMask).map(({ name, path }) => ({ name, path }));
  return { files: only(false), masks: only(true) };
}

/** Where systemd and its friends look for `NAME.d`, from what wins to what loses (sysctl.d(5), modules-load.d(5)). */
export function configDirectories(reader: Reader, name: RawName): readonly RawName[] {
  const above = ['/etc', '/run', '/usr/local/lib', '/usr/lib', ...(isLibMerged(reader) ? [] : ['/lib'])];
  return above.map((directory) => `${directory}/${name}`);
}

/** Whether /lib is a link to /usr/lib, so that looking there too would find everything twice. */
export function isLibMerged(reader: Reader): boolean {
  return reader.stat('/lib')?.type === 'symlink';
}

/** `null`: a link that ends at /dev/null, whether that exists or not. */
export function kindOf(reader: Reader, path: RawName): 'file' | 'null' | 'other' | 'none' {
  const end = follow(reader, path);
  if (end === undefined || end === 'null') return end ?? 'none';
  return end.type === 'file' ? 'file' : 'other';
}

/** What stands where links lead. */
export function targetStat(reader: Reader, path: RawName): RootStat | undefined {
  const end = follow(reader, path);
  return end === 'null' ? undefined : end;
}

function follow(reader: Reader, path: RawName): RootStat | 'null' | undefined {
  let at = path;
  for (let links = 0; links <= linksMax; links++) {
    const stat = reader.stat(at);
    if (stat?.type !== 'symlink') return stat;
    const target = stat.target!;
    at = target.startsWith('/') ? target : `${at.slice(0, at.lastIndexOf('/'))}/${target}`;
    if (isNullDevice(at)) return 'null';
  }
  return undefined;
}

export function isNullDevice(path: RawName): boolean {
  return normalPath(path) === '/dev/null';
}

/** Without `.`, `..` and doubled slashes, by the text alone. */
export function normalPath(path: RawName): RawName {
  if (!/\/\/|\/\.|\/$/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
