import { readFile } from 'node:fs/promises';
import { arch, hostname, release } from 'node:os';
import { claimedPrefix } from '../shared/claimed.ts';

const factCharactersMax = 256;

/**
 * What people like to see beside an instance, and what its configuration claims about it, as `self.*`. Decides nothing, so
 * it is read plainly, once, and cut to size.
 */
export async function readFacts(labels: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const os = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1];
  const claimed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${claimedPrefix}${key}`, value]));
  const facts = { hostname: hostname(), kernel: release(), arch: arch(), ...(os !== undefined && { os }), ...claimed };
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [key, value.replace(/\p{C}/gu, '').slice(0, factCharactersMax)]),
  );
}
