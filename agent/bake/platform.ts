import { arch } from 'node:os';
import { osRelease } from '../collect/os-release.ts';
import type { Root } from '../collect/root.ts';

const bytesMax = 64 * 1024;

/** What the root is a system of: for people, no decision rests on it. `distro` is like `debian 12`. */
export function platformOf(root: Root): { readonly os: string; readonly arch: string; readonly distro: string } {
  const { id, versionId } = osRelease((path) => {
    try {
      return root.read(path, bytesMax).toString('latin1');
    } catch {
      // The next place, or none: a root need not be a distribution.
      return undefined;
    }
  });
  return { os: 'linux', arch: arch(), distro: `${id} ${versionId}`.trim() };
}
