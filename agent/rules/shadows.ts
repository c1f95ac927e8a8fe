import { nameBytes, type RawName } from '../../shared/name.ts';
import { compilePattern } from '../../shared/pattern.ts';
import { pathInBoth, pathOutside } from '../../shared/pattern-language.ts';
import { type Remark, type RuleLine, remarkOn } from './remark.ts';

/** Each costs about a millisecond; past these, what was not compared is said. */
const shadowLimits = { comparisonsMax: 20_000 };
/** So many earlier patterns are tried together. */
const togetherMax = 8;

/** Patterns that never decide, because all they match is decided before. Says so only where it is certain. */
export function findShadows(lines: readonly RuleLine[], { comparisonsMax } = shadowLimits): readonly Remark[] {
  let comparisons = 0;
  const remarks: Remark[] = [];
  const known = lines.map((line) => ({ line, literal: literalOf(line.pattern), prefix: prefixOf(line.pattern) }));
  for (const [index, { line, literal, prefix }] of known.entries()) {
    const near = known
      .slice(0, index)
      .filter((other) => prefix.startsWith(other.prefix) || other.prefix.startsWith(prefix));
    comparisons += literal === undefined ? near.length : 0;
    if (comparisons > comparisonsMax) {
      const message = `too many patterns begin alike: from here on they were not compared with those before`;
      return [...remarks, remarkOn(line, 'info', 'not-compared', message)];
    }
    const cover = near.find((other) => isCovered(line.pattern, literal, [other.line.pattern]));
    if (cover !== undefined) {
      const isSame = cover.line.number === line.number;
      const where = isSame ? 'of the same rule' : `of rule ${cover.line.number}`;
      const message = `never decides: ${cover.line.pattern} ${where} matches all of it first`;
      remarks.push(remarkOn(line, isSame ? 'info' : 'warning', 'shadowed', message));
      continue;
    }
    const meeting =
      literal === undefined ? near.filter((other) => pathInBoth(line.pattern, other.line.pattern) !== undefined) : [];
    const together = meeting.slice(0, togetherMax).map((other) => other.line.pattern);
    if (together.length > 1 && isCovered(line.pattern, undefined, together)) {
      remarks.push(
        remarkOn(line, 'warning', 'shadowed', `never decides: ${together.join(', ')} together match all of it first`),
      );
    }
  }
  return remarks;
}

function isCovered(pattern: string, literal: RawName | undefined, others: readonly string[]): boolean {
  if (literal !== undefined) return others.some((other) => compilePattern(other)(literal));
  return pathOutside(pattern, others) === undefined;
}

/** The one path that a pattern without wildcards matches. */
function literalOf(pattern: string): RawName | undefined {
  return /[*?[]/.test(pattern) ? undefined : nameBytes(pattern)?.toString('latin1');
}

/** What all its paths begin with, as it is written. */
function prefixOf(pattern: string): string {
  return pattern.split(/[*?[]/, 1)[0]!;
}
