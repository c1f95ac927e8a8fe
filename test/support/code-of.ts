import { CodedError, type ErrorCode } from '../../shared/errors.ts';

/** The code of the error that an act ends with; undefined when it ends well. Any other error is thrown on. */
export function codeOf(act: () => unknown): ErrorCode | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}

export async function codeOfAsync(act: () => Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}
