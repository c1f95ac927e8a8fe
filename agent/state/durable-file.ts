import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Half-written files begin so. They mean nothing and may be removed by whoever holds the lock. */
export const temporaryPrefix = '.tmp-';

export function temporaryIn(directory: string): string {
  return join(directory, `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
}

/** Replaces the file whole: after a power cut either the old content is there or the new one. */
export async function writeDurably(path: string, content: string, mode = 0o600): Promise<void> {
  const temporary = await writeTemporary(dirname(path), content, { mode, sync: true });
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Replaces the file whole for readers, without waiting for the disk: for what is written often and may be lost. */
export async function writeAtomically(path: string, content: string | Iterable<string>, mode = 0o600): Promise<void> {
  await rename(await writeTemporary(dirname(path), content, { mode, sync: false }), path);
}

/** A new file with this content in the directory; leaves nothing behind when it fails. */
export async function writeTemporary(
  directory: string,
  content: string | Iterable<string>,
  options: { readonly mode: number; readonly sync: boolean },
): Promise<string> {
  const path = temporaryIn(directory);
  const handle = await open(path, 'wx', options.mode);
  try {
    await handle.writeFile(content);
    if (options.sync) await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return path;
}

/** A rename or unlink is durable only once its directory is (fsync(2)). */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
