import { type Pin, rulingOf } from '../../shared/compare.ts';
import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { type Entry, subjectKey } from '../../shared/entry.ts';
import { type RawName, rawName } from '../../shared/name.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import type { Rule } from '../../shared/rules.ts';
import type { PinSet } from './pins-file.ts';

/** A set of pins, ready to judge by. */
export interface Pins {
  /** What stood there when boot had settled, as far as it is known. */
  readonly of: (entry: Entry) => Pin | undefined;
  readonly all: readonly Entry[];
  /** Whether a file has a pin. */
  readonly hasFile: (path: RawName) => boolean;
}

export const noPins: Pins = { of: () => undefined, all: [], hasFile: () => false };

/**
 * What has no pin was not there. Only what could not be looked at then, or is pinned by newer rules alone, may have been.
 */
export function openPins({ entries, unseen, rules }: PinSet, rulesNow: readonly Rule[]): Pins {
  const byKey = new Map(entries.map((entry) => [subjectKey(entry), entry]));
  const files = new Set(entries.flatMap(({ subject, name }) => (subject === 'file' ? [rawName(name)] : [])));
  const isUnseen = hiderOf(unseen);
  const rulebookThen = isSame(rules, rulesNow) ? undefined : openRulebook(rules);
  const wasPinned = (entry: Entry) => rulebookThen === undefined || rulingOf([entry], rulebookThen).isPinned;
  return {
    of: (entry) => {
      const pinned = byKey.get(subjectKey(entry));
      if (pinned !== undefined) return { entry: pinned };
      return isUnseen(entry.subject, entry.name) || !wasPinned(entry) ? undefined : { entry: undefined };
    },
    all: entries,
    hasFile: (path) => files.has(path),
  };
}

export function isSame(a: readonly (Rule | Hole | Entry)[], b: readonly (Rule | Hole | Entry)[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
