import type { KeyObject } from 'node:crypto';
import { parsePrivateKey, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { readRegular } from './inside.ts';

const keyBytesMax = 64 * 1024;

/** Errors: KEY. */
export function readPrivateKey(file: string): KeyObject {
  return inFile(file, 'the key', parsePrivateKey);
}

/** One key or more in one file. Errors: KEY. */
export function readPublicKeys(file: string): readonly KeyObject[] {
  return inFile(file, 'a trusted public key (--pub, or `pub` of agent.yaml)', parsePublicKeys);
}

/** A key error says which file it is about. */
function inFile<T>(file: string, what: string, parse: (pem: string) => T): T {
  const pem = readText(file, what);
  try {
    return parse(pem);
  } catch (cause) {
    throw new CodedError('KEY', `${file}: ${sentenceOf(cause)}`, cause);
  }
}

function readText(file: string, what: string): string {
  try {
    return readRegular(file, keyBytesMax).toString('utf8');
  } catch (cause) {
    throw new CodedError('KEY', `expected ${what} in ${file}, and could not read it: ${sentenceOf(cause)}`, cause);
  }
}
