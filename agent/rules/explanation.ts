import type { Hole } from '../../shared/coverage.ts';
import type { Attributes } from '../../shared/entry.ts';
import type { FactSubject } from '../../shared/fact.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Image } from '../../shared/image.ts';
import type { Name } from '../../shared/name.ts';
import type { GuardName, Treatment } from '../../shared/rules.ts';
import type { Severity } from '../../shared/severity.ts';

/** Why `verify` says of some paths what it says: the object that `pristine explain --json` prints. */
export interface Explanation {
  readonly schema: 'pristine.explain/1';
  readonly image: Image;
  /** Sequence of the rules that judged. */
  readonly rules: number;
  readonly root: string;
  readonly paths: readonly ExplainedPath[];
}

/** One subject, baked and now, and what is made of the difference. */
export interface Judged {
  readonly name: Name;
  readonly outcome: Outcome;
  /** Attributes that were baked; null where nothing was. */
  readonly baked: Attributes | null;
  /** As they are now; null where nothing is, or nobody looked. */
  readonly actual: Attributes | null;
  /** As `verify` gives it. */
  readonly finding: Finding | null;
  /** What differs and does not count, by name. Of something added or removed, all there is. */
  readonly allowed: readonly string[];
  /** Why that does not count. */
  readonly why?: string;
}

/**
 * `as-baked`: no difference. `absent`: nothing was baked and nothing is there. `allowed`: what differs does not count.
 * `left-out`: nobody looks there. `hole`: it could not be measured, and what could is as it should be.
 */
export type Outcome = 'as-baked' | 'absent' | 'allowed' | 'left-out' | 'finding' | 'hole';

export interface ExplainedPath extends Judged {
  readonly rule: DecidingRule;
  readonly guards: readonly GuardingPath[];
  readonly leftOut?: LeftOut;
  readonly holes: readonly Hole[];
  /** Where a link is on the way: no scan follows one. `leadsTo` is the name that a scan has for what is meant. */
  readonly link?: { readonly at: Name; readonly target: Name; readonly leadsTo: Name };
  readonly package: OwningPackage | null;
  /** What the file says, or said when it was baked. */
  readonly facts: readonly ExplainedFact[];
  readonly since: Since | null;
}

export interface ExplainedFact extends Judged {
  readonly subject: FactSubject;
}

export interface DecidingRule {
  /** The pattern that matched, or `default`. */
  readonly pattern: string;
  readonly as: Treatment;
  readonly severity: Severity;
  /** Who wrote it: `unknown` where the profile is not as this version of us has it. */
  readonly from: 'image' | 'profile' | 'default' | 'pristine' | 'unknown';
  /** Its place among the effective rules, from 1; none for a default. */
  readonly number?: number;
  readonly reason?: string;
  /** Guards that it silences. */
  readonly override?: readonly GuardName[];
  /** Other contents that it takes. */
  readonly accept?: readonly string[];
}

export interface GuardingPath {
  readonly name: GuardName;
  readonly silenced: boolean;
  /** As what the file is read: of guards over what files say. */
  readonly reads?: readonly FactSubject[];
}

export interface LeftOut {
  readonly by: 'mount' | Treatment;
  /** The path, or what is above it. */
  readonly at: Name;
  readonly reason?: string;
}

/** As the databases in the root say, which nobody signs. */
export interface OwningPackage {
  readonly name: string;
  /** Of the package that was baked, and of the one there is. */
  readonly bakedVersion: string | null;
  readonly version: string | null;
  /** The package expects people to change it. */
  readonly config: boolean;
  /** Null where the package does not say, or it could not be found out. */
  readonly asPackaged: boolean | null;
}

/** `agent`: when a scan of the agent on this machine first had this finding (or, with another fingerprint, another of the path). */
export type Since =
  | { readonly by: 'agent'; readonly at: string; readonly fingerprint: string }
  /** What the file itself says: root may set `modifiedAt` to anything, and `changedAt` by the clock or the disk beneath. */
  | { readonly by: 'file'; readonly changedAt: string; readonly modifiedAt: string }
  /** The same of the directory that held what is gone. */
  | { readonly by: 'directory'; readonly name: Name; readonly changedAt: string; readonly modifiedAt: string };
