import type { Skip } from './coverage.ts';
import { encodeRaw, type RawName } from './name.ts';
import { isOwnFile } from './own-files.ts';
import { compilePattern, type Matcher } from './pattern.ts';
import { type Expect, type GuardName, isWrittenByInstance, type Rule, type Treatment, treatments } from './rules.ts';
import { highestSeverity, type Severity } from './severity.ts';

/** What the rules say about one path. */
export interface Ruling {
  readonly treatment: Treatment;
  readonly severity: Severity;
  /** The pattern that decided, or `default`. */
  readonly pattern: string;
  /** Its rule's place in the list, from 0; none for the default. */
  readonly place?: number;
  /** Whether what stands there once boot has settled must stay so. */
  readonly isPinned: boolean;
  /** Guards silenced here. */
  readonly overridden: readonly GuardName[];
  /** Other contents that are fine. */
  readonly accept?: readonly string[];
  /** What a first boot may make the file mean. */
  readonly expect?: Expect;
}

/** The rules, ready to judge. */
export interface Rulebook {
  /**
   * The first rule that matches decides; where none does, a path is immutable. What is beneath something foreign is foreign
   * too, whatever the rules say of it: nobody goes there.
   */
  readonly rulingOf: (path: RawName) => Ruling;
  /** Whether any rule leaves anything out: mostly none does, and the walk need not ask for each path. */
  readonly leavesSomeOut: boolean;
  /** What is left out by rule, or guarded less, as every coverage shows it. */
  readonly skips: readonly Skip[];
}

export const defaultRuling: Ruling = {
  treatment: 'immutable',
  severity: 'medium',
  pattern: 'default',
  isPinned: false,
  overridden: [],
};

/** As if there were no rules: everything counts, at medium. */
export const noRules: Rulebook = { rulingOf: () => defaultRuling, leavesSomeOut: false, skips: [] };

/** Whether nobody looks at such a path. */
export function isLeftOut({ treatment }: Pick<Ruling, 'treatment'>): boolean {
  return treatment === 'ignored' || treatment === 'foreign';
}

/** What several files say together: the strictest of their rulings, and nothing is silenced or foreseen that one of them does not. */
export function rulingOfFiles(rulings: readonly Ruling[]): Ruling {
  const first = rulings[0] ?? defaultRuling;
  const strictness = (ruling: Ruling) => treatments.indexOf(ruling.treatment);
  const strictest = rulings.reduce((strict, one) => (strictness(one) < strictness(strict) ? one : strict), first);
  return {
    ...strictest,
    severity: rulings.reduce((highest, { severity }) => highestSeverity(highest, severity), strictest.severity),
    isPinned: isWrittenByInstance(strictest.treatment) && rulings.some(({ isPinned }) => isPinned),
    overridden: first.overridden.filter((guard) => rulings.every(({ overridden }) => overridden.includes(guard))),
    expect: {
      users: foreseenByAll(rulings, 'users'),
      sudoers: foreseenByAll(rulings, 'sudoers'),
      keys: foreseenByAll(rulings, 'keys'),
    },
  };
}

function foreseenByAll(rulings: readonly Ruling[], kind: keyof Expect): string[] {
  const [first = [], ...others] = rulings.map(({ expect }) => expect?.[kind] ?? []);
  return first.filter((one) => others.every((names) => names.includes(one)));
}

export function openRulebook(rules: readonly Rule[]): Rulebook {
  const lines = rules.flatMap((rule, place) => rule.match.map((pattern) => compileLine(pattern, rule, place)));
  const ownRulingOf = (path: RawName) => {
    const ruling = lines.find((line) => line.matches(path))?.ruling ?? defaultRuling;
    // Where nobody looks, no guard does.
    return isLeftOut(ruling) && isOwnFile(encodeRaw(path)) ? defaultRuling : ruling;
  };
  return {
    rulingOf: rules.some((rule) => rule.as === 'foreign') ? beneathForeign(ownRulingOf) : ownRulingOf,
    leavesSomeOut: rules.some(({ as: treatment }) => isLeftOut({ treatment })),
    skips: rules.flatMap((rule) => rule.match.flatMap((pattern) => skipsOf(pattern, rule))),
  };
}

const foreignDirectoriesMax = 10_000;

/** A scan goes from directory to directory, so that what was found of one serves all its names. */
function beneathForeign(ownRulingOf: (path: RawName) => Ruling): (path: RawName) => Ruling {
  const known = new Map<RawName, Ruling | undefined>();
  const foreignAt = (directory: RawName): Ruling | undefined => {
    if (known.has(directory)) return known.get(directory);
    if (known.size >= foreignDirectoriesMax) known.clear();
    const ruling = ownRulingOf(directory);
    const found = foreignAbove(directory) ?? (ruling.treatment === 'foreign' ? ruling : undefined);
    known.set(directory, found);
    return found;
  };
  const foreignAbove = (path: RawName) =>
    path === '/' ? undefined : foreignAt(path.slice(0, path.lastIndexOf('/')) || '/');
  return (path) => foreignAbove(path) ?? ownRulingOf(path);
}

function compileLine(
  pattern: string,
  rule: Rule,
  place: number,
): { readonly matches: Matcher; readonly ruling: Ruling } {
  return {
    matches: compilePattern(pattern),
    ruling: {
      treatment: rule.as,
      severity: rule.severity ?? 'medium',
      pattern,
      place,
      isPinned: isWrittenByInstance(rule.as) && rule.pin !== false,
      overridden: rule.override ?? [],
      ...(rule.accept && { accept: rule.accept }),
      ...(rule.expect && { expect: rule.expect }),
    },
  };
}

function skipsOf(pattern: string, rule: Rule): readonly Skip[] {
  const leftOut = isLeftOut({ treatment: rule.as }) ? [rule.as] : [];
  const overrides = (rule.override ?? []).map((guard) => `override ${guard}`);
  return [...leftOut, ...overrides].map((what) => ({ name: pattern, rule: `${what}: ${rule.reason}` }));
}
