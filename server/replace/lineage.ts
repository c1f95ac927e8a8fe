import type { Blocker } from '../../shared/api.ts';
import { blocker } from './blockers.ts';
import type { Candidate } from './candidates.ts';
import type { Command } from './planner.ts';
import { type FailedBefore, lineageKey } from './track-record.ts';

const hourMs = 3_600_000;
/** The first, and so many again as there is reason to believe that it was chance. */
const attemptsMax = 3;

/** What a person has seen, because they reset the breaker after it, counts no more. */
export function failedBefore({ group, instance, cause }: Candidate): FailedBefore | undefined {
  const last = group.failedBefore.get(lineageKey(instance.id, cause.trigger));
  return last !== undefined && last.failedAt > group.breakerResetAt ? last : undefined;
}

/** A failure within an hour is retried as the same; after that whatever was wrong may be another thing. */
export function lineageAfter(last: FailedBefore | undefined, now: number): Command['lineage'] {
  if (last === undefined || now - last.failedAt > hourMs) return null;
  return { id: last.lineage, attempt: last.attempt + 1 };
}

/** One that is hopeless must not start for ever. */
export function ofLineage(last: FailedBefore | undefined): Blocker[] {
  if (last === undefined || last.attempt < attemptsMax) return [];
  const message = `${attemptsMax} replacements of it failed one after the other: a person must look, and \`pristinectl replacements retry\` the last of lineage ${last.lineage}`;
  return [blocker('retries-spent', message)];
}
