import { compareEntry, rulingOf } from '../../shared/compare.ts';
import type { Entry } from '../../shared/entry.ts';
import type { Difference } from '../../shared/finding.ts';
import { judgeLiveAgain } from '../../shared/judge-live.ts';
import type { Listener } from '../../shared/listening.ts';
import { isLiveSubject } from '../../shared/live.ts';
import { outsideSubject } from '../../shared/outside-look.ts';
import { isRestored } from '../../shared/restored-text.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Severity } from '../../shared/severity.ts';

/** What rules judge by. */
export interface Judging {
  readonly rulebook: Rulebook;
  /** What may listen; undefined where they do not say. */
  readonly listening?: readonly Listener[] | undefined;
}

/**
 * What rules say of a difference that some agent found by other rules: its severity, null where it finds nothing.
 * Undefined where this end cannot know: what stood there when boot had settled is the agent's knowledge. Both sides must
 * hold all their attributes, also those that do not differ: a mode that is not there would read as "not executable". Pure.
 */
export function rejudged(difference: Difference, judging: Judging): Severity | null | undefined {
  const { rulebook } = judging;
  // What an agent did not tell is no matter of rules: no newer ones accept it.
  if (difference.subject === outsideSubject) return undefined;
  // Of what stood there at boot it says nothing, so that no pin makes it unknown.
  if (isRestored(difference)) return null;
  if (isLiveSubject(difference.subject)) return rejudgedLive(difference, judging);
  const { subject, name, change, expected, actual } = difference;
  const entryOf = (attributes: Difference['expected']) => ({ ...attributes, subject, name }) as unknown as Entry;
  const baked = change === 'added' ? undefined : entryOf(expected);
  const found = change === 'removed' ? undefined : entryOf(actual);
  const given = [baked, found].filter((entry) => entry !== undefined);
  if (rulingOf(given, rulebook).isPinned) return undefined;
  return compareEntry(baked, found, rulebook)?.severity ?? null;
}

function rejudgedLive(difference: Difference, judging: Judging): Severity | null | undefined {
  const verdict = judgeLiveAgain(difference, judging);
  if (verdict === 'unknown') return undefined;
  return typeof verdict === 'object' ? verdict.severity : null;
}
