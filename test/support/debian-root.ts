import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A real Debian made by debootstrap, kept between runs because making one takes a minute. Never change it: work on an
 * overlay or a copy. Needs root and a Debian mirror (PRISTINE_TEST_MIRROR, else deb.debian.org).
 */
export function debianRoot(options: { suite?: string; variant?: 'minbase' | 'standard' } = {}): string {
  const { suite = 'bookworm', variant = 'minbase' } = options;
  const root = join(tmpdir(), `pristine-test-debian-${suite}${variant === 'standard' ? '-standard' : ''}`);
  if (existsSync(root)) return root;
  needDebootstrap();
  const building = `${root}.${process.pid}`;
  try {
    const mirror = process.env['PRISTINE_TEST_MIRROR'] ?? 'http://deb.debian.org/debian';
    const variantArgument = variant === 'minbase' ? ['--variant=minbase'] : [];
    run('debootstrap', [...variantArgument, suite, building, mirror]);
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
