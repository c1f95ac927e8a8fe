import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DebianOptions {
  readonly suite?: string;
  readonly variant?: 'minbase' | 'standard';
  /** Packages on top of the variant. */
  readonly include?: readonly string[];
}

/**
 * A real Debian made by debootstrap, kept between runs because making one takes a minute. Never change it: work on an
 * overlay or a copy. Needs root, and debootstrap's default mirror or the one that PRISTINE_TEST_MIRROR names.
 */
export function debianRoot(options: DebianOptions = {}): string {
  const { suite = 'bookworm', variant = 'minbase', include = [] } = options;
  const name = [suite, ...(variant === 'standard' ? [variant] : []), ...include].join('-');
  const root = join(tmpdir(), `pristine-test-debian-${name}`);
  if (existsSync(root)) return root;
  needDebootstrap();
  const building = `${root}.${process.pid}`;
  try {
    const mirror = process.env['PRISTINE_TEST_MIRROR'];
    const variantArgument = variant === 'minbase' ? ['--variant=minbase'] : [];
    const includeArgument = include.length > 0 ? [`--include=${include.join(',')}`] : [];
    run('debootstrap', [...variantArgument, ...includeArgument, suite, building, ...(mirror ? [mirror] : [])]);
    run('find', [
      join(building, 'var/cache/apt/archives'),
      join(building, 'var/lib/apt/lists'),
      '-type',
      'f',
      '-delete',
    ]);
    if (existsSync(root)) return root;
    // Whole or not at all, so that an interrupted run leaves no half Debian behind.
    renameSync(building, root);
    return root;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

function needDebootstrap(): void {
  if (spawnSync('debootstrap', ['--version']).status === 0) return;
  console.error('installing debootstrap');
  run('apt-get', ['update', '-q']);
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'debootstrap']);
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
