import { writeFileSync } from 'node:fs';
import { CodedError, sentenceOf } from '../shared/errors.ts';
import { errnoOf } from './collect/system-path.ts';

/** A file that was not there before, on disk when this returns. Errors: FILE_EXISTS, NOT_FOUND, IO. */
export function writeNew(path: string, text: string, mode = 0o644): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode, flush: true });
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new CodedError('FILE_EXISTS', `${path} is there already, and is never overwritten: choose another`, cause);
    }
    if (errnoOf(cause) === 'ENOENT') {
      throw new CodedError('NOT_FOUND', `expected the directory of ${path} to be there: make it first`, cause);
    }
    throw new CodedError('IO', `could not write ${path}: ${sentenceOf(cause)}`, cause);
  }
}
