import type { Rulebook } from '../../shared/rulebook.ts';
import type { Rule } from '../../shared/rules.ts';
import { foreseeDoors } from './doors.ts';
import { fileRule } from './file-rule.ts';
import type { Instance, Left, Proposal, ProposedRule } from './proposal.ts';
import { groupSeen, type Seen } from './seen.ts';
import { writerOf } from './writers.ts';

/** Fewer than three cannot tell what every boot does from what happened once. */
export const instancesMin = 3;

/**
 * What booting legitimately changes, as rules: exact paths, or the ids in them generalised; each relaxed no more than what
 * was seen needs. Never `ignored`, never what a guard speaks of or may be run. `tooWide` are patterns that would relax what
 * was baked as well. Pure.
 */
export function propose(
  instances: readonly Instance[],
  rulebook: Rulebook,
  tooWide: ReadonlySet<string> = new Set(),
): Proposal {
  const seen = groupSeen(instances);
  const doors = foreseeDoors(seen, instances.length, rulebook);
  const rest = seen.filter((one) => !doors.covers(one));
  const places = ephemeralPlaces(rest, instances.length);
  const drafts: ProposedRule[] = [...places.values()];
  const forAPerson: Left[] = [];
  const leftOver: Left[] = [];
  for (const one of rest) {
    const decided = fileRule(one, instances.length, { rulebook, places, doors, tooWide });
    switch (decided.kind) {
      case 'covered':
        break;
      case 'rule':
        drafts.push(decided.proposed);
        break;
      case 'person':
        forAPerson.push(leftOf(one, decided.why));
        break;
      case 'some':
        leftOver.push(leftOf(one, `on ${one.instances} of ${instances.length} instances`));
        break;
      default:
        decided satisfies never;
    }
  }
  return { rules: [...doors.rules, ...merged(drafts)], forAPerson, leftOver };
}

/** Patterns for more than one path, as a proposal may have them. */
export function widePatterns(instances: readonly Instance[]): readonly string[] {
  return groupSeen(instances).flatMap(({ subject, pattern }) =>
    subject === 'file' && isWild(pattern) ? [pattern] : [],
  );
}

/** Where somebody is known to keep what has names of its own, and does so on every instance. */
function ephemeralPlaces(seen: readonly Seen[], count: number): ReadonlyMap<string, ProposedRule> {
  const places = new Map<string, ProposedRule>();
  const by = new Map<string, Set<number>>();
  for (const { subject, name, places: where } of seen) {
    const writer = subject === 'file' ? writerOf(name) : undefined;
    if (writer?.as !== 'ephemeral') continue;
    const instances = by.get(writer.pattern) ?? new Set();
    for (const one of where) instances.add(one);
    by.set(writer.pattern, instances);
    if (instances.size === count) {
      const rule: Rule = { match: [writer.pattern], as: 'ephemeral', reason: writer.reason };
      places.set(writer.pattern, { rule, writer: writer.writer });
    }
  }
  return places;
}

/** Rules that differ in their patterns alone are one. What names a path exactly stands before what names many. */
function merged(drafts: readonly ProposedRule[]): readonly ProposedRule[] {
  const byRest = Map.groupBy(drafts, ({ rule: { match, ...rest }, writer, note }) =>
    JSON.stringify([match.some(isWild), rest, writer, note]),
  );
  return [...byRest.values()]
    .flatMap((alike) => {
      const match = [...new Set(alike.flatMap(({ rule }) => rule.match))].sort();
      return chunked(match).map((part): ProposedRule => ({ ...alike[0]!, rule: { ...alike[0]!.rule, match: part } }));
    })
    .sort((a, b) => Number(isWild(a.rule.match[0]!)) - Number(isWild(b.rule.match[0]!)) || byText(a, b));
}

function byText(a: ProposedRule, b: ProposedRule): number {
  const [left, right] = [a, b].map(({ rule }) => JSON.stringify([rule.match[0], rule]));
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}

function isWild(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** As many as a rule may have. */
const matchMax = 1_024;

function chunked(match: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(match.length / matchMax) }, (_, index) =>
    match.slice(index * matchMax, (index + 1) * matchMax),
  );
}

function leftOf({ instances, findings }: Seen, why: string): Left {
  const { subject, name, change, severity } = findings[0]!;
  return { subject, name, change, severity, instances, why };
}
