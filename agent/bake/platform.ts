import { arch } from 'node:os';
import { readInside } from '../collect/inside.ts';
import type { RootPrefix } from '../collect/system-path.ts';

const bytesMax = 64 * 1024;

/** What the root is a system of: for people, no decision rests on it. */
export function platformOf(root: RootPrefix): { readonly os: string; readonly arch: string; readonly distro: string } {
  return { os: 'linux', arch: arch(), distro: distroOf(root) };
}

/** `debian 12` from os-release(5), or `unknown`. */
function distroOf(root: RootPrefix): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const text = readInside(root, path, bytesMax).toString('utf8');
      const field = (name: string) => new RegExp(`^${name}=["']?([A-Za-z0-9._-]+)["']?$`, 'm').exec(text)?.[1];
      const words = [field('ID'), field('VERSION_ID')].filter((word) => word !== undefined);
      if (words.length > 0) return words.join(' ');
    } catch {
      // The next place, or none: a root need not be a distribution.
    }
  }
  return 'unknown';
}
