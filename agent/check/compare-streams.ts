import type { Entry } from '../../shared/entry.ts';
import { compareEntries, writeEntryLine } from '../../shared/entry-line.ts';
import type { FactEntry } from '../../shared/fact.ts';
import { encodeRaw, type RawName, rawName } from '../../shared/name.ts';
import { entryIn, type Observation, reasonIn } from '../collect/observe.ts';
import type { ObservedBatch } from '../collect/observe-tree.ts';
import { type StampPlace, stampWords } from '../collect/stamp.ts';
import type { EntryCursor } from './entry-cursor.ts';
import type { Judge } from './judge.ts';

export interface CompareOptions {
  readonly onProgress?: (looked: number) => void;
  /** Told of every path, in order: where its stamp is, if any are wanted, and whether all is as it was baked. */
  readonly onObserved?:
    | ((path: RawName, observation: Observation, stamp: StampPlace | undefined, isBaked: boolean) => void)
    | undefined;
  /** Which paths are judged even where they are as they were baked. */
  readonly watches?: (path: RawName) => boolean;
}

/**
 * Merges the baked entries with what is there now, both in the same order, so that memory grows with neither. Almost
 * always both lines are the same string, and nothing is parsed at all. Returns how many subjects were looked at.
 * Errors: DIGEST, ENTRIES.
 */
export async function compareFiles(
  baked: EntryCursor,
  observed: AsyncIterable<ObservedBatch>,
  judge: Judge,
  { onProgress = () => undefined, onObserved = () => undefined, watches = () => false }: CompareOptions = {},
): Promise<number> {
  let looked = 0;
  for await (const { paths, observations, stamps } of observed) {
    for (let index = 0; index < paths.length; index++) {
      const observation = observations[index]!;
      if (baked.line === undefined) await baked.load();
      const stamp = stamps && { words: stamps, at: index * stampWords };
      onObserved(paths[index]!, observation, stamp, observation === baked.line);
      if (observation === baked.line) {
        if (watches(paths[index]!)) judge.found(baked.entry(), baked.entry());
        else judge.same(paths[index]!, baked.line!);
        baked.advance();
        looked++;
      } else looked += await mergePath(baked, paths[index]!, observation, judge);
    }
    onProgress(looked);
  }
  return looked + (await passMissing(baked, judge, (entry) => entry.subject === 'file'));
}

/** Whatever was baked before a path that is there is missing. */
async function passBefore(baked: EntryCursor, path: RawName, judge: Judge): Promise<number> {
  // Without parsing it: in canonical form no other text can hold these quotes.
  if (baked.line?.includes(`"name":${JSON.stringify(encodeRaw(path))},`)) return 0;
  const missing = await passMissing(baked, judge, (entry) => entry.subject === 'file' && isBefore(entry.name, path));
  await baked.load();
  return missing;
}

/** One path that is not exactly as baked. */
async function mergePath(baked: EntryCursor, path: RawName, observation: Observation, judge: Judge): Promise<number> {
  const missing = await passBefore(baked, path, judge);
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
  else if (reason !== undefined) judge.unseen(path, expected, reason);
  else if (expected !== undefined) judge.missing(expected);
}

function isBefore(name: string, path: RawName): boolean {
  return rawName(name) < path;
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

/** What stands before the files (`until`) or after them, to the end. Where facts may be pinned, all are judged. */
export async function compareFacts(
  baked: EntryCursor,
  observed: readonly FactEntry[],
  judge: Judge,
  { until, judgesAll = false }: { readonly until?: 'file'; readonly judgesAll?: boolean } = {},
): Promise<number> {
  let looked = 0;
  for (const entry of observed) {
    looked += await passMissing(baked, judge, (expected) => compareEntries(expected, entry) < 0);
    looked++;
    if (!(await baked.load()) || compareEntries(baked.entry(), entry) !== 0) judge.found(undefined, entry);
    else {
      if (judgesAll || writeEntryLine(entry) !== baked.line) judge.found(baked.entry(), entry);
      baked.advance();
    }
  }
  return looked + (await passMissing(baked, judge, ({ subject }) => until === undefined || subject < until));
}
