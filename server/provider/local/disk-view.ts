import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import type { DiskSnapshot } from '../provider.ts';
import type { Place } from './place.ts';
import { type MountLine, mountLines } from './processes.ts';

const execute = promisify(execFile);

const viewPrefix = 'view-';
/** Those that this process shows to somebody. */
const shown = new Set<string>();

/**
 * The merged overlay once more, read-only, at a place of its own: without what anybody has mounted on it or beneath, here or
 * in the mount namespace of the agent. A root that was copied is a directory like any other and is seen as it is.
 * Errors: IO, also where something lies over the root itself, so that nobody can get at the disk.
 */
export async function viewDisk(place: Place): Promise<DiskSnapshot> {
  const at = mountLines().filter(({ point }) => point === place.root);
  const isOverlay = readdirSync(place.directory).includes('upper');
  if (!isOverlay && at.length === 0) return { root: place.root, dispose: async () => {} };
  refuseOther(place, at, isOverlay);
  const root = join(place.directory, `${viewPrefix}${randomBytes(6).toString('hex')}`);
  mkdirSync(root, { mode: 0o700 });
  try {
    await execute('mount', ['-o', 'bind,ro,noatime,nosuid,nodev,noexec', place.root, root]);
  } catch (cause) {
    await rmdir(root);
    throw new CodedError('IO', `could not show the disk of ${place.id}: ${sentenceOf(cause)}`, cause);
  }
  shown.add(root);
  return { root, dispose: () => removeView(root) };
}

/** The one mount there must be the overlay of this place: whoever mounts another over it would show us what he likes. */
function refuseOther({ id, upper }: Place, at: readonly MountLine[], isOverlay: boolean): void {
  const [only, ...more] = at;
  const isOurs = isOverlay && only?.type === 'overlay' && only.options.split(',').includes(`upperdir=${upper}`);
  if (isOurs && more.length === 0) return;
  throw new CodedError(
    'IO',
    `expected the overlay of ${id} and nothing else at its root, got ${at.map(({ type }) => type).join(', ') || 'no mount'}`,
  );
}

/** What a server that died was looking at. */
export async function removeViews(place: Place): Promise<void> {
  const names = readdirSync(place.directory).filter((name) => name.startsWith(viewPrefix));
  const roots = names.map((name) => join(place.directory, name)).filter((root) => !shown.has(root));
  for (const root of roots) await removeView(root);
}

/** Never its content: only an empty directory goes. */
async function removeView(root: string): Promise<void> {
  shown.delete(root);
  if (mountLines().some(({ point }) => point === root)) await execute('umount', ['--lazy', root]);
  await rmdir(root).catch((error: NodeJS.ErrnoException) => {
    // It went with its machine.
    if (error.code !== 'ENOENT') throw error;
  });
}
