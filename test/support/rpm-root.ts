import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const maker = join(import.meta.dirname, '../fixtures/rpm/make.sh');

/** A root in which rpm has installed tiny packages, and how to ask rpm about it. */
export interface RpmRoot {
  readonly root: string;
  /** The lines that rpm says, sorted. */
  readonly rpm: (...args: readonly string[]) => readonly string[];
}

/** Undefined where the rpm of this machine cannot write that kind of database: Debian's has no ndb. Needs root. */
export function anRpmRoot(folder: string, backend: 'sqlite' | 'ndb', dbPath: string): RpmRoot | undefined {
  needRpm();
  const root = join(folder, 'root');
  const env = { ...process.env, BACKEND: backend, DBPATH: dbPath };
  spawnSync('sh', [maker, folder], { env, stdio: 'ignore' });
  const file = { sqlite: 'rpmdb.sqlite', ndb: 'Packages.db' }[backend];
  if (!existsSync(join(root, dbPath, file))) return undefined;
  const where = ['--root', root, '--dbpath', dbPath, '--define', `_db_backend ${backend}`];
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
