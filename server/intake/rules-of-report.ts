import { newRulesHoldMs } from '../../shared/api-rules.ts';
import type { Finding } from '../../shared/finding.ts';
import { isRestored } from '../../shared/restored-text.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { RulesStatement } from '../../shared/rules.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { parseStatement } from '../../shared/statement.ts';
import type { RulesHead } from '../store/rules-store.ts';
import { type Judging, rejudged } from './rejudge.ts';

/** The rules that are in force for one image, as this server has them: checked when they came in. */
export interface RulesHere {
  /**
   * Undefined where an agent judges by others: an agent that keeps to older, looser ones must not have its taint lifted
   * by them.
   */
  readonly inForce: RulesRead | undefined;
  /** While they are so new that nothing may be triggered by them alone: those that were in force before. */
  readonly before: RulesRead | undefined;
}

interface RulesRead extends Judging {
  /** What is compared with, and where a scan goes, beside the rulebook. */
  readonly scope: string;
}

/** Asked for only when something got worse, or a taint may be lifted: a clean report costs none of it. */
export async function rulesHere(heads: readonly RulesHead[], sequence: number, at: string): Promise<RulesHere> {
  const [latest, previous] = heads;
  if (latest?.sequence !== sequence) return { inForce: undefined, before: undefined };
  const isNew = latest.activatedAt !== null && Date.parse(at) < Date.parse(latest.activatedAt) + newRulesHoldMs;
  return {
    inForce: await readOnce(latest),
    before: isNew && previous !== undefined ? await readOnce(previous) : undefined,
  };
}

/**
 * Whether a finding is there, or as grave, only because of the rules that judged it. What the rules before would have
 * found as well is no news of theirs, and a guard that both have is none. Where newer ones lay other components over the
 * image, or look into other places, this end cannot know what would have been found: only guards are above doubt. No rules
 * find what was restored.
 */
export function isByNewRules(finding: Finding, { inForce, before }: RulesHere): boolean {
  if (inForce === undefined || before === undefined || isRestored(finding)) return false;
  const severity = rejudged(finding, before);
  if (severity === null || (severity !== undefined && !severityAtLeast(severity, finding.severity))) return true;
  return inForce.scope !== before.scope && !finding.rule.startsWith('guard ');
}

const readMax = 16;
const known = new Map<string, RulesRead>();

/** Compiling thousands of patterns for each of ten thousand reports would cost more than the reports. */
async function readOnce(head: RulesHead): Promise<RulesRead> {
  const rules = known.get(head.text) ?? readStatement(Buffer.from((await head.read()).payload, 'base64'));
  if (known.size >= readMax) known.clear();
  known.set(head.text, rules);
  return rules;
}

function readStatement(bytes: Buffer): RulesRead {
  const { rules, listening, components = [], pseudoMounts } = parseStatement(bytes, RulesStatement).predicate;
  return { rulebook: openRulebook(rules), listening, scope: JSON.stringify([components, pseudoMounts]) };
}
