import { readdirSync, realpathSync, statSync } from 'node:fs';

/** What a path is, if it is an image: the directory of a layout, or a file. */
export type ImageKind = 'layout' | 'file';

/**
 * A directory is a layout only if it holds nothing else. Otherwise whoever can write to a system could put the files of a
 * layout beside all that is there, and have the image judged in place of the system.
 */
export function imageKindOf(path: string): ImageKind | undefined {
  try {
    const stats = statSync(path);
    if (stats.isFile()) return 'file';
    if (!stats.isDirectory() || realpathSync(path) === '/') return undefined;
    const names = readdirSync(path);
    const isLayout = layoutNames.every((name) => names.includes(name)) && names.every(isOfImage);
    return isLayout ? 'layout' : undefined;
  } catch {
    // Whoever opens it as a directory will say what is wrong.
    return undefined;
  }
}

export const layoutNames: readonly string[] = ['oci-layout', 'index.json', 'blobs'];

/** The names at the top of an image layout, and of what different programs write for `docker load`. */
export function isOfImage(name: string): boolean {
  return (
    /^(oci-layout|index\.json|blobs|manifest\.json|repositories|config\.json)$/.test(name) ||
    /^(sha256:)?[0-9a-f]{64}(\.json|\.tar|\.tar\.gz)?$/.test(name)
  );
}
