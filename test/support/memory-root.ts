import type { Root, RootStat } from '../../agent/collect/root.ts';

/** A root of these files and no links, for collectors: path to content, both as raw bytes. */
export function memoryRoot(files: ReadonlyMap<string, Buffer>): Root {
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  const isDirectory = (path: string) =>
    [...files.keys()].some((file) => file.startsWith(path === '/' ? '/' : `${path}/`));
  const stat = (path: string): RootStat => {
    const owner = { uid: 0, gid: 0 };
    if (files.has(path)) return { type: 'file', mode: 0o644, ...owner };
    return isDirectory(path) ? { type: 'dir', mode: 0o755, ...owner } : fail('ENOENT');
  };
  const read = (path: string, bytesMax: number): Buffer => {
    const bytes = files.get(path);
    if (bytes === undefined) return fail(isDirectory(path) ? 'EINVAL' : 'ENOENT');
    return bytes.length > bytesMax ? fail('EFBIG') : bytes;
  };
  return {
    stat,
    read,
    readPlain: read,
    list: (path) => {
      if (!isDirectory(path)) return fail(files.has(path) ? 'ENOTDIR' : 'ENOENT');
      const prefix = path === '/' ? '/' : `${path}/`;
      const names = [...files.keys()]
        .filter((file) => file.startsWith(prefix))
        .map((file) => file.slice(prefix.length).split('/')[0]!);
      return [...new Set(names)].sort();
    },
  };
}
