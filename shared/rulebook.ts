import type { Skip } from './coverage.ts';
import type { RawName } from './name.ts';
import { compilePattern, type Matcher } from './pattern.ts';
import type { GuardName, Rule, Treatment } from './rules.ts';
import { highestSeverity, type Severity } from './severity.ts';

/** What the rules say about one path. */
export interface Ruling {
  readonly treatment: Treatment;
  readonly severity: Severity;
  /** The pattern that decided, or `default`. */
  readonly pattern: string;
  /** Guards silenced here. */
  readonly overridden: readonly GuardName[];
}

/** The rules, ready to judge. */
export interface Rulebook {
  /** The first rule that matches decides; where none does, a path is immutable. */
  readonly rulingOf: (path: RawName) => Ruling;
  /** Whether any rule ignores anything: mostly none does, and the walk need not ask for each path. */
  readonly ignoresSome: boolean;
  /** What is left out by rule, or guarded less, as every coverage shows it. */
  readonly skips: readonly Skip[];
}

export const defaultRuling: Ruling = { treatment: 'immutable', severity: 'medium', pattern: 'default', overridden: [] };

/** What several files say together: the strictest of their rulings, and no guard is silenced that one of them keeps. */
export function rulingOfFiles(rulings: readonly Ruling[]): Ruling {
  const first = rulings[0] ?? defaultRuling;
  const strictest = rulings.find(({ treatment }) => treatment === 'immutable') ?? first;
  return {
    ...strictest,
    severity: rulings.reduce((highest, { severity }) => highestSeverity(highest, severity), strictest.severity),
    overridden: first.overridden.filter((guard) => rulings.every(({ overridden }) => overridden.includes(guard))),
  };
}

export function openRulebook(rules: readonly Rule[]): Rulebook {
  const lines = rules.flatMap((rule) => rule.match.map((pattern) => compileLine(pattern, rule)));
  return {
    rulingOf: (path) => lines.find((line) => line.matches(path))?.ruling ?? defaultRuling,
    ignoresSome: rules.some((rule) => rule.as === 'ignored'),
    skips: rules.flatMap((rule) => rule.match.flatMap((pattern) => skipsOf(pattern, rule))),
  };
}

function compileLine(pattern: string, rule: Rule): { readonly matches: Matcher; readonly ruling: Ruling } {
  return {
    matches: compilePattern(pattern),
    ruling: { treatment: rule.as, severity: rule.severity ?? 'medium', pattern, overridden: rule.override ?? [] },
  };
}

function skipsOf(pattern: string, rule: Rule): readonly Skip[] {
  const overrides = (rule.override ?? []).map((guard) => ({
    name: pattern,
    rule: `override ${guard}: ${rule.reason}`,
  }));
  return rule.as === 'ignored' ? [{ name: pattern, rule: `ignored: ${rule.reason}` }, ...overrides] : overrides;
}
