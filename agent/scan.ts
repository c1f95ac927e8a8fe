import type { Coverage } from '../shared/coverage.ts';
import type { Finding } from '../shared/finding.ts';
import type { Identity } from '../shared/identity.ts';

/** What a check looked at: this subject and, for a file, everything beneath it. The same reach as that of a hole. */
interface Scope {
  readonly subject: string;
  readonly name: string;
}

interface Measured {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
}

/** One pass: a sweep over everything, or a check of some subjects. */
export type Scan =
  | (Measured & { readonly kind: 'sweep'; readonly identities?: readonly Identity[] | undefined })
  | (Measured & { readonly kind: 'check'; readonly looked: readonly Scope[] });

export type Check = Extract<Scan, { kind: 'check' }>;

/** Looks at some names in process. Undefined when they are too much for a check, and a sweep should look instead. */
export interface Checker {
  check(names: readonly string[]): Promise<Check | undefined>;
}

/** Looks at everything, in a child that exits. Rejects only when the signal aborts: what went wrong is a hole. */
export type Sweeper = (signal: AbortSignal) => Promise<Scan>;
