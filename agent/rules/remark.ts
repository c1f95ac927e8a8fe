import type { Rule } from '../../shared/rules.ts';

/** One pattern of one rule, as lint looks at it. */
export interface RuleLine {
  /** The place of its rule in the file, from 1. */
  readonly number: number;
  readonly rule: Rule;
  readonly pattern: string;
}

/** What lint has to say of a rule. An `info` may be as it is meant. */
export interface Remark {
  readonly level: 'info' | 'warning' | 'error';
  readonly code:
    | 'shadowed'
    | 'dead'
    | 'hides-executables'
    | 'hides-guarded'
    | 'override-without-need'
    | 'accept-without-need'
    | 'ignored-without-need'
    | 'not-compared';
  readonly rule: number;
  readonly pattern: string;
  readonly message: string;
}

export function remarkOn(
  { number, pattern }: RuleLine,
  level: Remark['level'],
  code: Remark['code'],
  message: string,
): Remark {
  return { level, code, rule: number, pattern, message };
}
