import { canonicalJson } from '../../shared/canonical-json.ts';
import type { Rule, RulesPredicate } from '../../shared/rules.ts';

/** What changed between two lists of rules. */
export interface RulesDiff {
  readonly added: readonly Rule[];
  readonly removed: readonly Rule[];
  /** The rules that both have stand in another order: the first that matches decides. */
  readonly reordered: boolean;
  /** Where the rest of the statement (pseudo mounts, components) is another. */
  readonly otherwise: boolean;
}

export function diffRules(a: RulesPredicate, b: RulesPredicate): RulesDiff {
  const [before, after] = [a.rules.map((rule) => canonicalJson(rule)), b.rules.map((rule) => canonicalJson(rule))];
  const [kept, keptNow] = [
    before.filter((text) => after.includes(text)),
    after.filter((text) => before.includes(text)),
  ];
  return {
    added: b.rules.filter((_, index) => !before.includes(after[index]!)),
    removed: a.rules.filter((_, index) => !after.includes(before[index]!)),
    reordered: kept.join('\n') !== keptNow.join('\n'),
    otherwise: restOf(a) !== restOf(b),
  };
}

function restOf({
  image: _image,
  sequence: _sequence,
  rules: _rules,
  profile: _profile,
  ...rest
}: RulesPredicate): string {
  return canonicalJson(rest);
}
