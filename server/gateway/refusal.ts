import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { CloseCode } from '../../shared/protocol.ts';

/** RFC 6455 §5.5: a control frame carries at most 125 bytes, two of which are the code. */
const reasonBytesMax = 123;

/** Why this end closes a connection, in the protocol's own codes. */
export class Refusal extends Error {
  readonly closeCode: number;

  constructor(closeCode: number, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.closeCode = closeCode;
  }

  get reason(): string {
    return Buffer.from(this.message)
      .subarray(0, reasonBytesMax)
      .toString('utf8')
      .replace(/\uFFFD$/, '');
  }
}

export const retiredRefusal = () =>
  new Refusal(CloseCode.retired, 'the instance is retired: if its machine lives, empty the stateDir and enrol anew');
export const revokedRefusal = () =>
  new Refusal(CloseCode.revoked, 'the key was revoked: empty the stateDir and enrol anew with another credential');

/** Errors of the house in the words of the protocol. What is none of the agent's doing is to be tried again later. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof CodedError && error.code === 'PROTOCOL') {
    return new Refusal(CloseCode.badMessage, error.message, error);
  }
  if (error instanceof CodedError && error.code === 'FORBIDDEN') {
    return new Refusal(CloseCode.unauthorized, error.message, error);
  }
  return new Refusal(CloseCode.tryLater, 'could not be stored now', new Error(sentenceOf(error), { cause: error }));
}
