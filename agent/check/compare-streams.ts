import type { Entry } from '../../shared/entry.ts';
import { compareEntries, writeEntryLine } from '../../shared/entry-line.ts';
import type { FactEntry } from '../../shared/fact.ts';
import { encodeRaw, type RawName, rawOf } from '../../shared/name.ts';
import { entryIn, type Observation, reasonIn } from '../collect/observe.ts';
import type { ObservedBatch } from '../collect/observe-tree.ts';
import type { EntryCursor } from './entry-cursor.ts';
import type { Judge } from './judge.ts';

/**
 * Merges the baked entries with what is there now, both in the same order, so that memory grows with neither. Almost
 * always both lines are the same string, and nothing is parsed at all. Returns how many subjects were looked at.
 * Errors: DIGEST, ENTRIES.
 */
export async function compareFiles(
  baked: EntryCursor,
  observed: AsyncIterable<ObservedBatch>,
  judge: Judge,
  onProgress: (looked: number) => void,
): Promise<number> {
  let looked = 0;
  for await (const { paths, observations } of observed) {
    for (let index = 0; index < paths.length; index++) {
      const observation = observations[index]!;
      if (baked.line === undefined) await baked.load();
      if (observation === baked.line) {
        baked.advance();
        looked++;
      } else looked += await mergePath(baked, paths[index]!, observation, judge);
    }
    onProgress(looked);
  }
  return looked + (await passMissing(baked, judge, (entry) => entry.subject === 'file'));
}

/** One path that is not exactly as baked. Whatever was baked before it is missing. */
async function mergePath(baked: EntryCursor, path: RawName, observation: Observation, judge: Judge): Promise<number> {
  const missing = await passMissing(baked, judge, (entry) => entry.subject === 'file' && isBefore(entry.name, path));
  const entry = (await baked.load()) ? baked.entry() : undefined;
  const expected = entry?.subject === 'file' && entry.name === encodeRaw(path) ? entry : undefined;
  if (expected !== undefined) baked.advance();
  judgePath(judge, path, expected, observation);
  return missing + (expected === undefined && observation === '' ? 0 : 1);
}

/** One path, whatever it is. */
export function judgePath(judge: Judge, path: RawName, expected: Entry | undefined, observation: Observation): void {
  const observed = entryIn(observation);
  const reason = reasonIn(observation);
  if (observed !== undefined) judge.found(expected, observed, reason);
  else if (reason !== undefined) judge.unseen(encodeRaw(path), reason);
  else if (expected !== undefined) judge.missing(expected);
}

function isBefore(name: string, path: RawName): boolean {
  return (rawOf(name) ?? name) < path;
}

async function passMissing(baked: EntryCursor, judge: Judge, passes: (entry: Entry) => boolean): Promise<number> {
  let count = 0;
  while ((await baked.load()) && passes(baked.entry())) {
    judge.missing(baked.entry());
    baked.advance();
    count++;
  }
  return count;
}

/** What stands before the files (`until`) or after them, to the end. */
export async function compareFacts(
  baked: EntryCursor,
  observed: readonly FactEntry[],
  judge: Judge,
  until?: 'file',
): Promise<number> {
  let looked = 0;
  for (const entry of observed) {
    looked += await passMissing(baked, judge, (expected) => compareEntries(expected, entry) < 0);
    looked++;
    if (!(await baked.load()) || compareEntries(baked.entry(), entry) !== 0) judge.found(undefined, entry);
    else {
      if (writeEntryLine(entry) !== baked.line) judge.found(baked.entry(), entry);
      baked.advance();
    }
  }
  return looked + (await passMissing(baked, judge, ({ subject }) => until === undefined || subject < until));
}
