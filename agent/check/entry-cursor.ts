import type { Entry } from '../../shared/entry.ts';
import { compareEntries, parseEntryLine } from '../../shared/entry-line.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';

/** The lines of a manifest one after another. */
export interface EntryCursor {
  /** The line at hand, undefined when more must be loaded or there is none. */
  line: string | undefined;
  /** Loads until a line is at hand; false at the end. Errors: those of the lines. */
  readonly load: () => Promise<boolean>;
  /** The entry of the line at hand, strictly parsed, and after the one before it. Errors: ENTRIES. */
  readonly entry: () => Entry;
  /** Goes on. The line at hand was `entry()`, or equal to one that our own writer made and that comes after all before it. */
  readonly advance: () => void;
}

export function openCursor(source: AsyncGenerator<string[]>): EntryCursor {
  let lines: readonly string[] = [];
  let next = 0;
  let count = 0;
  let parsed: Entry | undefined;
  let last: string | undefined;

  const step = () => {
    parsed = undefined;
    cursor.line = lines[next++];
    if (cursor.line !== undefined) count++;
  };
  const cursor: EntryCursor = {
    line: undefined,
    load: async () => {
      while (cursor.line === undefined) {
        const { value, done } = await source.next();
        if (done) return false;
        lines = value;
        next = 0;
        step();
      }
      return true;
    },
    entry: () => {
      parsed ??= parseAfter(last, cursor.line!, count);
      return parsed;
    },
    advance: () => {
      last = cursor.line;
      step();
    },
  };
  return cursor;
}

/** What was before is known to be good: it needs no second strict look. Errors: ENTRIES. */
function parseAfter(last: string | undefined, line: string, count: number): Entry {
  let entry: Entry;
  try {
    entry = parseEntryLine(line);
  } catch (cause) {
    throw new CodedError('ENTRIES', `line ${count}: ${sentenceOf(cause)}`, cause);
  }
  const before = last === undefined ? undefined : (JSON.parse(last) as Entry);
  if (before !== undefined && compareEntries(before, entry) >= 0) {
    throw new CodedError('ENTRIES', `line ${count}: ${entry.name} stands after ${before.name}`);
  }
  return entry;
}
