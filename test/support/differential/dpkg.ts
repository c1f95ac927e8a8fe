import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isBehindLink, kindAt } from './file-kind.ts';
import type { Peer, Telling, Told } from './told.ts';

/**
 * `dpkg --verify`. It knows the MD5 sums of regular files, and whether one is a regular file; of all else that a package
 * brought only that it is there. It reads what it has a sum of whatever that is by now: at a directory it gives up, and
 * at a FIFO it waits for ever. So such a package is left out, and nothing of it is known.
 */
export function dpkgPeer(root: string, original: string): Peer {
  const database = readDatabase(original);
  const blind = new Set<string>();
  const sees = (path: string, paths: ReadonlyMap<string, readonly string[]>) =>
    paths.get(path)?.some((owner) => !blind.has(owner)) === true && !isBehindLink(root, original, path);
  return {
    name: 'dpkg --verify',
    seesAdded: () => false,
    seesRemoved: (path) => sees(path, database.listed),
    knows: (path) => (sees(path, database.summed) ? new Set(['type', 'content']) : new Set()),
    look: () => {
      blind.clear();
      for (const [path, owners] of database.summed) {
        if (['directory', 'special'].includes(kindAt(join(root, path)))) for (const owner of owners) blind.add(owner);
      }
      const packages = database.packages.filter((name) => !blind.has(name));
      const run = spawnSync('dpkg', [`--root=${root}`, '--verify', ...packages], {
        encoding: 'utf8',
        timeout: 60_000,
        maxBuffer: 2 ** 28,
      });
      if (run.status !== 0 && run.status !== 1) throw new Error(`dpkg ended with ${run.status}: ${run.stderr}`);
      return readReport(run.stdout, original);
    },
  };
}

interface Database {
  readonly packages: readonly string[];
  /** The packages that list a path, and those that have a sum of it. */
  readonly listed: ReadonlyMap<string, readonly string[]>;
  readonly summed: ReadonlyMap<string, readonly string[]>;
}

function readDatabase(root: string): Database {
  const info = join(root, 'var/lib/dpkg/info');
  const linesOf = (file: string) => readFileSync(join(info, file), 'utf8').split('\n').filter(Boolean);
  const listed = new Map<string, string[]>();
  const summed = new Map<string, string[]>();
  const add = (paths: Map<string, string[]>, path: string, owner: string) =>
    paths.set(path, [...(paths.get(path) ?? []), owner]);
  for (const file of readdirSync(info)) {
    const owner = file.slice(0, file.lastIndexOf('.'));
    if (file.endsWith('.list')) for (const path of linesOf(file)) add(listed, trueName(root, path), owner);
    if (!file.endsWith('.md5sums')) continue;
    for (const line of linesOf(file)) add(summed, trueName(root, `/${line.slice(34)}`), owner);
  }
  const query = ['--root=.', '-W', '-f', `\${binary:Package}\t\${Conffiles}\v`];
  for (const record of execFileSync('dpkg-query', query, { cwd: root, encoding: 'utf8' }).split('\v')) {
    const [owner = '', conffiles = ''] = record.split('\t');
    for (const [, path] of conffiles.matchAll(/^ (\/.*) [0-9a-f]{32}$/gm)) add(summed, trueName(root, path!), owner);
  }
  return { packages: [...new Set([...listed.values()].flat())], listed, summed };
}

/** dpkg says `/bin/cat`; where `/bin` is a link, Pristine sees `/usr/bin/cat` only. */
function trueName(root: string, path: string): string {
  if (path === '/.' || path === '/') return '/';
  const base = realpathSync(root);
  try {
    const directory = realpathSync(join(root, dirname(path))).slice(base.length);
    return join('/', directory, path.slice(path.lastIndexOf('/') + 1));
  } catch {
    return path;
  }
}

/** `?M5?????? c /path` or `missing     /path (why)`. */
function readReport(text: string, original: string): Telling {
  const told = new Map<string, Told>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, word, path] = /^(missing|[?.M5]{9}) +(?:c )?(\/.*?)(?: \([A-Z].*\))?$/.exec(line) ?? [];
    if (word === undefined || path === undefined) throw new Error(`dpkg says what nobody expects: ${line}`);
    const attributes = new Set([...(word[1] === 'M' ? ['type'] : []), ...(word[2] === '5' ? ['content'] : [])]);
    told.set(trueName(original, path), word === 'missing' ? 'removed' : attributes);
  }
  return told;
}
