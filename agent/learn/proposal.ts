import type { Finding } from '../../shared/finding.ts';
import type { Rule } from '../../shared/rules.ts';
import type { Words } from './tokens.ts';

/** One booted, untouched instance: what differs from the manifest under the rules there are. */
export interface Instance {
  readonly findings: readonly Finding[];
  readonly words: Words;
}

/** A rule for a person to read and sign. */
export interface ProposedRule {
  readonly rule: Rule;
  readonly writer?: string;
  /** What the person should know beyond its reason. */
  readonly note?: string;
}

/** A difference that no rule is proposed for. */
export interface Left extends Pick<Finding, 'subject' | 'name' | 'change' | 'severity'> {
  /** How many of the instances have it. */
  readonly instances: number;
  readonly why: string;
}

export interface Proposal {
  /** In the order in which they must stand. */
  readonly rules: readonly ProposedRule[];
  /** Guards, programs, and what must not be relaxed by a machine. */
  readonly forAPerson: readonly Left[];
  /** What not all instances have: no part of what a boot does. */
  readonly leftOver: readonly Left[];
}
