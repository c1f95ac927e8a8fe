import type { KeyObject } from 'node:crypto';
import { parsePrivateKey, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { readRegular } from './inside.ts';

const keyBytesMax = 64 * 1024;

/** Errors: KEY. */
export function readPrivateKey(file: string): KeyObject {
  return inFile(file, parsePrivateKey);
}

/** One key or more in one file. Errors: KEY. */
export function readPublicKeys(file: string): readonly KeyObject[] {
  return inFile(file, parsePublicKeys);
}

/** A key error says which file it is about. */
function inFile<T>(file: string, parse: (pem: string) => T): T {
  const pem = readText(file);
  try {
    return parse(pem);
  } catch (cause) {
    throw new CodedError('KEY', `${file}: ${sentenceOf(cause)}`, cause);
  }
}

function readText(file: string): string {
  try {
    return readRegular(file, keyBytesMax).toString('utf8');
  } catch (cause) {
    throw new CodedError('KEY', `could not read the key ${file}: ${sentenceOf(cause)}`, cause);
  }
}
