import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Hole } from '../../shared/coverage.ts';
import { Digest } from '../../shared/digest.ts';
import { Finding, Fingerprint } from '../../shared/finding.ts';
import type { OpenState } from '../open-state.ts';
import { writeAtomically } from './durable-file.ts';

/** What was known when the agent ended: a finding that a hole hides at the next start must not be forgotten by that. */
const KnownState = z.strictObject({
  schema: z.literal('pristine.known-state/1'),
  image: Digest,
  open: z.array(Finding),
  firstSeenAt: z.record(Fingerprint, z.iso.datetime({ precision: 3 })),
  holes: z.array(Hole),
});

/** Twice what `stateLimits` lets a state grow to. A larger file is not ours. */
const knownBytesMax = 40 * 1_048_576;

export async function saveKnownState(stateDir: string, image: string, known: OpenState): Promise<void> {
  const document: z.infer<typeof KnownState> = {
    schema: 'pristine.known-state/1',
    image,
    open: [...known.open.values()],
    firstSeenAt: Object.fromEntries(known.firstSeenAt),
    holes: [...known.holes],
  };
  await writeAtomically(pathOf(stateDir), JSON.stringify(document));
}

/**
 * Undefined when there is none, it is spoilt, or it is about another image: then the first sweep is all there is. Newer rules
 * judge anew, and what a hole hides from them stands.
 */
export async function loadKnownState(stateDir: string, image: string): Promise<OpenState | undefined> {
  try {
    const path = pathOf(stateDir);
    if ((await stat(path)).size > knownBytesMax) return undefined;
    const { image: of, open, firstSeenAt, holes } = KnownState.parse(JSON.parse(await readFile(path, 'utf8')));
    if (of !== image) return undefined;
    return {
      open: new Map(open.map((finding) => [finding.fingerprint, finding])),
      firstSeenAt: new Map(Object.entries(firstSeenAt)),
      holes,
    };
  } catch {
    return undefined;
  }
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'known-state.json');
}
