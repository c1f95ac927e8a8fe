import { createReadStream } from 'node:fs';
import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Hole } from '../../shared/coverage.ts';
import { Digest } from '../../shared/digest.ts';
import { Finding, Fingerprint } from '../../shared/finding.ts';
import { inBatches, openLines } from '../lines.ts';
import type { OpenState } from '../open-state.ts';
import { writeAtomically } from './durable-file.ts';

/**
 * What was known when the agent ended: a finding that a hole hides at the next start must not be forgotten by that. The
 * first line says of what it is and how many findings follow, one a line; what has changed since is appended, so that a check
 * of one file writes as much as it found, whatever else is open.
 */
const Head = z.strictObject({
  schema: z.literal('pristine.known-state/1'),
  image: Digest,
  open: z.int().nonnegative(),
  holes: z.array(Hole),
});

const Change = z.union([
  z.strictObject({ open: Finding, firstSeenAt: z.iso.datetime({ precision: 3 }) }),
  z.strictObject({ cleared: Fingerprint }),
  z.strictObject({ holes: z.array(Hole) }),
]);
type Change = z.infer<typeof Change>;

/** Of what is appended, so much may be there before all is written anew, or as much as that was: twice it is never passed. */
const appendedBytesMin = 262_144;
/** More than twice what `stateLimits` lets a state grow to. A larger file is not ours. */
const knownBytesMax = 160 * 1_048_576;
const lineBytesMax = 2 * 1_048_576;

export interface KnownStateFile {
  /** As much as has changed since the last call; all of it where that is much, or this is the first. */
  save(known: OpenState): Promise<void>;
}

export function openKnownStateFile(stateDir: string, image: string): KnownStateFile {
  const path = pathOf(stateDir);
  /** Undefined while nobody knows what is there. */
  let saved: { readonly known: OpenState; readonly bytes: number; readonly appended: number } | undefined;

  return {
    async save(known) {
      const before = saved;
      saved = undefined;
      const changes = before && textOf(changesBetween(before.known, known));
      const appended = (before?.appended ?? 0) + Buffer.byteLength(changes ?? '');
      if (before !== undefined && changes !== undefined && appended <= Math.max(before.bytes, appendedBytesMin)) {
        if (changes !== '') await appendFile(path, changes, { mode: 0o600 });
        saved = { ...before, known, appended };
        return;
      }
      await writeAtomically(path, inBatches(wholeOf(image, known)));
      saved = { known, bytes: (await stat(path)).size, appended: 0 };
    },
  };
}

function* wholeOf(image: string, { open, holes, firstSeenAt }: OpenState): Iterable<string> {
  const head: z.infer<typeof Head> = {
    schema: 'pristine.known-state/1',
    image,
    open: open.size,
    holes: [...holes],
  };
  yield lineOf(head);
  for (const finding of open.values()) yield lineOf(opened(finding, firstSeenAt));
}

/** Findings never change, so that one which is the same object has not. Undefined for so many that all had better be written anew. */
function changesBetween(before: OpenState, after: OpenState): readonly Change[] | undefined {
  const changes: Change[] = [];
  for (const [fingerprint, finding] of after.open) {
    if (before.open.get(fingerprint) !== finding) changes.push(opened(finding, after.firstSeenAt));
  }
  for (const fingerprint of before.open.keys()) {
    if (!after.open.has(fingerprint)) changes.push({ cleared: fingerprint });
  }
  if (JSON.stringify(before.holes) !== JSON.stringify(after.holes)) changes.push({ holes: [...after.holes] });
  return changes.length > 1_000 + after.open.size / 2 ? undefined : changes;
}

function opened(open: Finding, firstSeenAt: OpenState['firstSeenAt']): Change {
  return { open, firstSeenAt: firstSeenAt.get(open.fingerprint)! };
}

function textOf(changes: readonly Change[] | undefined): string | undefined {
  return changes?.map(lineOf).join('');
}

function lineOf(value: z.infer<typeof Head> | Change): string {
  return `${JSON.stringify(value)}\n`;
}

/**
 * Undefined when there is none, it is spoilt, or it is about another image: then the first sweep is all there is. Of what was
 * appended the end may be missing, as a crash left it: that sweep tells. Newer rules judge anew, and what a hole hides from
 * them stands.
 */
export async function loadKnownState(stateDir: string, image: string): Promise<OpenState | undefined> {
  const path = pathOf(stateDir);
  const open = new Map<string, Finding>();
  const firstSeenAt = new Map<string, string>();
  let head: z.infer<typeof Head> | undefined;
  let holes: readonly Hole[] = [];
  let read = 0;
  const take = (line: string) => {
    const value: unknown = JSON.parse(line);
    if (head === undefined) {
      head = Head.parse(value);
      if (head.image !== image) throw new Error('of another image');
      holes = head.holes;
      return;
    }
    const change = Change.parse(value);
    if ('open' in change) {
      open.set(change.open.fingerprint, change.open);
      firstSeenAt.set(change.open.fingerprint, change.firstSeenAt);
    } else if ('cleared' in change) {
      open.delete(change.cleared);
      firstSeenAt.delete(change.cleared);
    } else {
      holes = change.holes;
    }
    read += 1;
  };
  try {
    if ((await stat(path)).size > knownBytesMax) return undefined;
    const lines = openLines(take);
    for await (const chunk of createReadStream(path)) lines.take(chunk, lineBytesMax);
  } catch {
    // As far as it could be read.
  }
  return head === undefined || head.image !== image || read < head.open ? undefined : { open, firstSeenAt, holes };
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'known-state.ndjson');
}
