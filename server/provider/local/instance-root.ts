import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import type { Place } from './place.ts';
import { mountsAt } from './processes.ts';
import { removeTree } from './remove-tree.ts';

const execute = promisify(execFile);

/** The instance's own disk, equal to the image until somebody changes it. What an earlier attempt left is made anew. */
export async function makeRoot(place: Place, imageRoot: string, privileged: boolean): Promise<void> {
  for (const folder of [place.root, place.upper, place.work]) await removeTree(folder);
  mkdirSync(place.root);
  if (privileged) await mountOverlay(place, imageRoot);
  else await copyTree(place, imageRoot);
}

/**
 * An overlay: the image is the lower layer and is never written to. `index` and `nfs_export` let a host watch the
 * filesystem with fanotify; kernels without them still give a good instance.
 */
async function mountOverlay(place: Place, imageRoot: string): Promise<void> {
  const layers = [imageRoot, place.upper, place.work];
  const odd = layers.find((path) => /[,:\\]/.test(path));
  if (odd !== undefined)
    throw new CodedError('CONFIG', `${odd}: an overlay cannot have a comma, colon or backslash in its path; move it`);
  mkdirSync(place.upper);
  mkdirSync(place.work);
  // The merged root directory shows the upper one's attributes.
  const { mode, uid, gid } = statSync(imageRoot);
  chownSync(place.upper, uid, gid);
  chmodSync(place.upper, mode & 0o7777);
  const options = `lowerdir=${imageRoot},upperdir=${place.upper},workdir=${place.work}`;
  const mount = (extra: string) => execute('mount', ['-t', 'overlay', 'overlay', '-o', options + extra, place.root]);
  await mount(',index=on,nfs_export=on')
    .catch(() => mount(''))
    .catch((cause: unknown) => {
      throw new CodedError('IO', `could not mount an overlay at ${place.root}: ${sentenceOf(cause)}`, cause);
    });
}

async function copyTree(place: Place, imageRoot: string): Promise<void> {
  const owner = statSync(imageRoot).uid;
  const user = process.getuid?.();
  if (user !== 0 && owner !== user) {
    throw new CodedError(
      'CONFIG',
      `${imageRoot} belongs to uid ${owner}: without root only an image of one's own can be copied with its owners`,
    );
  }
  await execute('cp', ['-a', '--reflink=auto', `${imageRoot}/.`, place.root]);
}

/**
 * Afterwards nothing is mounted in the instance's folder, neither its root nor what somebody mounted in it: what comes
 * next removes the folder, and must not walk into another filesystem. Lazily at last: somebody's shell may stand in there.
 * Errors: IO.
 */
export async function unmountAll(place: Place): Promise<void> {
  for (const mount of mountsAt(place.directory)) {
    await execute('umount', [mount])
      .catch(() => execute('umount', ['--lazy', mount]))
      .catch(() => {});
  }
  const [left] = mountsAt(place.directory);
  if (left !== undefined) throw new CodedError('IO', `${left} is still mounted; unmount it to go on`);
}
