/** Exit codes of every command of ours (DESIGN §4). */
export const ExitCode = {
  ok: 0,
  finding: 1,
  usage: 2,
  unmeasured: 3,
  unreachable: 4,
  forbidden: 5,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * The whole catalogue of codes. Tests and scripts assert on the code, people read the sentence.
 * The value is the exit code of a command that ends with this error.
 */
const catalogue = {
  USAGE: ExitCode.usage,
  CONFIG: ExitCode.usage,
  NOT_BUILT_YET: ExitCode.usage,
  FILE_EXISTS: ExitCode.usage,
  NOT_FOUND: ExitCode.usage,
  CONFLICT: ExitCode.usage,
  KEY: ExitCode.usage,
  ENVELOPE: ExitCode.unmeasured,
  UNSIGNED: ExitCode.unmeasured,
  SIGNATURE: ExitCode.unmeasured,
  PAYLOAD_TYPE: ExitCode.unmeasured,
  STATEMENT: ExitCode.unmeasured,
  SCHEME: ExitCode.unmeasured,
  DIGEST: ExitCode.unmeasured,
  ENTRIES: ExitCode.unmeasured,
  RULES: ExitCode.unmeasured,
  COMPONENT: ExitCode.unmeasured,
  PROOF: ExitCode.unmeasured,
  UNREADABLE: ExitCode.unmeasured,
  ARCHIVE: ExitCode.unmeasured,
  UNSTABLE: ExitCode.unmeasured,
  IO: ExitCode.unmeasured,
  PROTOCOL: ExitCode.unmeasured,
  UNREACHABLE: ExitCode.unreachable,
  TIMEOUT: ExitCode.unreachable,
  UNAUTHENTICATED: ExitCode.forbidden,
  FORBIDDEN: ExitCode.forbidden,
  TOO_LARGE: ExitCode.usage,
  INTERNAL: ExitCode.unmeasured,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof catalogue;

/** An operating error: a code for machines, a sentence (expected and got, what to do next) for people, and its cause. */
export class CodedError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CodedError';
    this.code = code;
  }

  get exitCode(): ExitCode {
    return catalogue[this.code];
  }
}

/** The sentence of anything that can be thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
