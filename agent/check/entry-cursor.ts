import type { Entry } from '../../shared/entry.ts';
import { compareEntries, parseEntryLine } from '../../shared/entry-line.ts';
import { CodedError } from '../../shared/errors.ts';
import { requireDigest } from './digest.ts';
import { inflate } from './inflate.ts';
import type { Manifest } from './open-manifest.ts';

/** The lines of a manifest one after another, a few at a time in memory. */
export interface EntryCursor {
  /** The line at hand, undefined when more must be loaded or there is none. */
  line: string | undefined;
  /** Loads until a line is at hand; false at the end. Errors: DIGEST, ENTRIES. */
  readonly load: () => Promise<boolean>;
  /** The entry of the line at hand, strictly parsed, and after all before it. Errors: ENTRIES. */
  readonly entry: () => Entry;
  /** Goes on. The line at hand was `entry()`, or equal to one that our own writer made and that comes after all before it. */
  readonly advance: () => void;
}

const lineCharsMax = 64 * 1024;

/**
 * Reads the entries again, the same descriptor and the same digest: what the first pass approved is what the second
 * compares, or the scan fails at its end. Errors: DIGEST, ENTRIES.
 */
export function openCursor(manifest: Manifest): EntryCursor {
  const { bytes, lines: linesExpected } = manifest.statement.predicate.entries;
  const chunks = inflate(manifest.entries, bytes);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let lines: string[] = [];
  let next = 0;
  let tail = '';
  let count = 0;
  let parsed: Entry | undefined;
  let last: string | undefined;
  let ended = false;

  const fail = (what: string, cause?: unknown): never => {
    throw new CodedError('ENTRIES', `line ${count}: ${what}`, cause);
  };
  const decode = (chunk?: Buffer) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      return fail('the entries are not UTF-8', cause);
    }
  };

  const cursor: EntryCursor = {
    line: undefined,
    load: async () => {
      while (cursor.line === undefined && !ended) {
        const { value, done } = await chunks.next();
        if (done) {
          ended = true;
          tail += decode();
          requireDigest(manifest, value.bytes, value.sha256);
          if (tail !== '') fail('the last line does not end');
          if (count !== linesExpected) fail(`expected ${linesExpected} lines`);
          break;
        }
        lines = (tail + decode(value)).split('\n');
        tail = lines.pop()!;
        if (tail.length > lineCharsMax) fail('it is too long');
        next = 0;
        step();
      }
      return cursor.line !== undefined;
    },
    entry: () => {
      if (parsed === undefined) {
        try {
          parsed = parseEntryLine(cursor.line!);
        } catch (cause) {
          return fail((cause as Error).message, cause);
        }
        const before = last === undefined ? undefined : (JSON.parse(last) as Entry);
        if (before !== undefined && compareEntries(before, parsed) >= 0) {
          fail(`${parsed.subject} ${parsed.name} stands after ${before.subject} ${before.name}`);
        }
      }
      return parsed;
    },
    advance: () => {
      last = cursor.line;
      step();
    },
  };
  function step(): void {
    parsed = undefined;
    cursor.line = lines[next++];
    if (cursor.line !== undefined) count++;
  }
  return cursor;
}
