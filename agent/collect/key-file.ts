import type { KeyObject } from 'node:crypto';
import { parsePrivateKey, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { readRegular } from './inside.ts';

const keyBytesMax = 64 * 1024;

/** Errors: KEY. */
export function readPrivateKey(file: string): KeyObject {
  return parsePrivateKey(readText(file));
}

/** One key or more in one file. Errors: KEY. */
export function readPublicKeys(file: string): readonly KeyObject[] {
  return parsePublicKeys(readText(file));
}

function readText(file: string): string {
  try {
    return readRegular(file, keyBytesMax).toString('utf8');
  } catch (cause) {
    throw new CodedError('KEY', `could not read the key ${file}: ${sentenceOf(cause)}`, cause);
  }
}
