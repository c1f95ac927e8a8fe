import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { blobFile, manifestBlobs } from '../../shared/manifest.ts';
import { textBytesMax } from '../../shared/text-diff.ts';
import { readRegular } from '../collect/inside.ts';
import { errnoOf } from '../collect/system-path.ts';

/**
 * The texts of a manifest decide nothing, but one that is not what its name says is a sign of a manifest that somebody
 * touched or a disk that lost something: then nothing of it is relied on. Errors: DIGEST.
 */
export function checkTexts(manifest: string): void {
  for (const hex of textsIn(manifest)) {
    const content = `sha256:${hex}`;
    const file = blobFile(content);
    if (file !== undefined && !isWhole(join(manifest, file), content)) {
      throw new CodedError('DIGEST', `${file} is not the text that was baked`);
    }
  }
}

function textsIn(manifest: string): readonly string[] {
  try {
    return readdirSync(join(manifest, manifestBlobs.sha256));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new CodedError('DIGEST', `${manifestBlobs.sha256} could not be listed: ${errnoOf(error)}`, error);
  }
}

function isWhole(path: string, content: string): boolean {
  try {
    return digestOf(readRegular(path, textBytesMax)) === content;
  } catch {
    return false;
  }
}
