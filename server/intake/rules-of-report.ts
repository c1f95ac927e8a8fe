import { newRulesHoldMs } from '../../shared/api-rules.ts';
import { digestOf } from '../../shared/digest.ts';
import type { Envelope } from '../../shared/dsse.ts';
import type { Finding } from '../../shared/finding.ts';
import { openRulebook, type Rulebook } from '../../shared/rulebook.ts';
import { RulesStatement } from '../../shared/rules.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { parseStatement } from '../../shared/statement.ts';
import type { Db } from '../store/database.ts';
import { readRules, rulesOfImage } from '../store/rules-store.ts';
import { rejudged } from './rejudge.ts';

/** The rules that are in force for one image, as this server has them: checked when they came in. */
export interface RulesHere {
  /**
   * Undefined where an agent judges by others: an agent that keeps to older, looser ones must not have its taint lifted
   * by them.
   */
  readonly book: Rulebook | undefined;
  /** While they are so new that nothing may be triggered by them alone: those that were in force before. */
  readonly before: Rulebook | undefined;
}

/** Asked for only when something got worse, or a taint may be lifted: a clean report costs none of it. */
export async function rulesHere(db: Db, imageDigest: string, sequence: number, at: string): Promise<RulesHere> {
  const image = await rulesOfImage(db, imageDigest);
  if (image === undefined) return { book: undefined, before: undefined };
  const pushed = await readRules(db, { image: image.name, states: ['active', 'superseded'] });
  const baked = { sequence: image.sequence, envelope: image.envelope, activatedAt: null };
  const [inForce, previous] = [...pushed.filter(({ activatedAt }) => activatedAt !== null), baked].sort(
    (a, b) => b.sequence - a.sequence,
  );
  if (inForce?.sequence !== sequence) return { book: undefined, before: undefined };
  const isNew = inForce.activatedAt !== null && Date.parse(at) < Date.parse(inForce.activatedAt) + newRulesHoldMs;
  return {
    book: rulebookOf(inForce.envelope),
    before: isNew && previous !== undefined ? rulebookOf(previous.envelope) : undefined,
  };
}

/**
 * Whether a finding is there, or as grave, only because of the rules that judged it. What the rules before would have
 * found as well is no news of theirs, and a guard that both have is none.
 */
export function isByNewRules(finding: Finding, before: Rulebook): boolean {
  const severity = rejudged(finding, before);
  return severity !== undefined && (severity === null || !severityAtLeast(severity, finding.severity));
}

const booksMax = 16;
const books = new Map<string, Rulebook>();

/** Compiling thousands of patterns for each of ten thousand reports would cost more than the reports. */
function rulebookOf({ payload }: Envelope): Rulebook {
  const bytes = Buffer.from(payload, 'base64');
  const digest = digestOf(bytes);
  const book = books.get(digest) ?? openRulebook(parseStatement(bytes, RulesStatement).predicate.rules);
  if (books.size >= booksMax) books.clear();
  books.set(digest, book);
  return book;
}
