import { open } from 'node:fs/promises';
import { CodedError } from '../../shared/errors.ts';

/** The secret in a file, without the space around it; undefined for an empty one. Errors: CONFIG, and those of reading. */
export async function readCredentialFile(file: string, bytesMax: number): Promise<string | undefined> {
  await using handle = await open(file);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytesMax + 1));
  if (bytesRead > bytesMax) throw new CodedError('CONFIG', `${file}: expected at most ${bytesMax} bytes`);
  return buffer.toString('utf8', 0, bytesRead).trim() || undefined;
}
