import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const maker = join(import.meta.dirname, '../fixtures/rpm/make.sh');

/** A root in which rpm has installed tiny packages, and how to ask rpm about it. */
export interface RpmRoot {
  readonly root: string;
  /** The lines that rpm says, sorted. */
  readonly rpm: (...args: readonly string[]) => readonly string[];
}

/** Its database is one of sqlite: Debian's rpm writes no other, and so a fixture stands for ndb. Needs root. */
export function anRpmRoot(folder: string): RpmRoot {
  needRpm();
  const root = join(folder, 'root');
  const dbPath = '/var/lib/rpm';
  const env = { ...process.env, BACKEND: 'sqlite', DBPATH: dbPath };
  execFileSync('sh', [maker, folder], { env, stdio: 'ignore' });
  const where = ['--root', root, '--dbpath', dbPath, '--define', '_db_backend sqlite'];
  return {
    root,
    rpm: (...args) =>
      execFileSync('rpm', [...where, ...args], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] })
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
  };
}

function needRpm(): void {
  if (spawnSync('rpmbuild', ['--version']).status === 0) return;
  console.error('installing rpm');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
  execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'rpm'], { stdio: 'ignore', env });
}
