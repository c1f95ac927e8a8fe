import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Also where directories may not be written to: those of a copied image belong to an ordinary user then. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await execute('chmod', ['-R', 'u+rwX', '--', path]);
    await rm(path, { recursive: true, force: true });
  }
}
