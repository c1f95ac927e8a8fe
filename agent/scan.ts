import type { Coverage } from '../shared/coverage.ts';
import type { Finding } from '../shared/finding.ts';
import type { Identity } from '../shared/identity.ts';
import type { Name, RawName } from '../shared/name.ts';
import type { Programs } from './check/program-look.ts';

/** What was looked at: this subject and, for a file, everything beneath it. The same reach as that of a hole. */
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

export interface FullSweep extends Measured {
  readonly kind: 'sweep';
  readonly identities?: readonly Identity[] | undefined;
  /** The last request of the server's that had come before it began. */
  readonly answers?: string | undefined;
}

/** A sweep that looked where something has changed since the last look at everything: what is elsewhere stands. */
export interface QuickSweep extends Omit<FullSweep, 'kind'> {
  readonly kind: 'quick-sweep';
  readonly looked: readonly Scope[];
}

export interface Check extends Measured {
  readonly kind: 'check';
  readonly looked: readonly Scope[];
}

/** One pass: a sweep over everything, or a check of some subjects. */
export type Scan = FullSweep | QuickSweep | Check;

/** What a check looks at beside its names, and how much it may read. */
export interface CheckOptions {
  /** Names that were written to: a baked file among them that is as it was baked is told of as restored. */
  readonly written?: ReadonlySet<Name>;
  /** Programs that began to run, and the files that are known not to be as they were baked. */
  readonly started?: Programs & { readonly changed: ReadonlySet<RawName> };
  /** Of contents. */
  readonly bytesMax?: number | undefined;
}

/**
 * Looks at some names in process. Undefined when they are too much for a check, or there are more bytes to read than it may,
 * and a sweep should look instead.
 */
export interface Checker {
  check(names: readonly Name[], options?: CheckOptions): Promise<Check | undefined>;
}

/**
 * Answers for everything: by looking at everything, or, where that is enough, at what has changed since somebody did.
 * Rejects only when the signal aborts: what went wrong is a hole.
 */
export type Sweeper = (signal: AbortSignal, of: SweepOf) => Promise<FullSweep | QuickSweep>;

/** What is to be looked at; for changes, everything where that is not enough. */
export type SweepOf = 'everything' | 'changes';
