import { type OsRelease, osRelease } from '../collect/os-release.ts';
import type { Root } from '../collect/root.ts';

const bytesMax = 64 * 1024;

/** What the root is a system of: for people, and for the profile of its rules. `distro` is like `debian 12`. */
export function platformOf(
  { id, versionId }: OsRelease,
  architecture: string,
): { readonly os: string; readonly arch: string; readonly distro: string } {
  return { os: 'linux', arch: architecture, distro: `${id} ${versionId}`.trim() };
}

/** What a root says it is. Where it says nothing that can be read, it is a `linux` like no other. */
export function osReleaseOf(root: Root): OsRelease {
  return osRelease((path) => {
    try {
      return root.read(path, bytesMax).toString('latin1');
    } catch {
      // The next place, or none: a root need not be a distribution.
      return undefined;
    }
  });
}
