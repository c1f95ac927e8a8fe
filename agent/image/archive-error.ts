import { CodedError } from '../../shared/errors.ts';

/** What an archive holds is not what it should be. Nothing is made of the rest of it. */
export function archiveError(message: string, cause?: unknown): CodedError {
  return new CodedError('ARCHIVE', message, cause);
}
