import { readFile } from 'node:fs/promises';
import { arch, hostname, release } from 'node:os';

const factCharactersMax = 256;

/** What people like to see beside an instance. Decides nothing, so it is read plainly, once, and cut to size. */
export async function readFacts(): Promise<Readonly<Record<string, string>>> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const os = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1];
  const facts = { hostname: hostname(), kernel: release(), arch: arch(), ...(os !== undefined && { os }) };
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [key, value.replace(/\p{C}/gu, '').slice(0, factCharactersMax)]),
  );
}
