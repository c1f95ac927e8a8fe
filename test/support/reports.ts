import { randomUUID } from 'node:crypto';
import type { Hole } from '../../shared/coverage.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { stateDigest } from '../../shared/state-digest.ts';
import { aCoverage, anImageDigest, aTime } from './builders.ts';

/** A clean sweep in one part. `open` are the fingerprints open after it, for the digest; by default what it opened. */
export function aReport(
  overrides: Partial<ReportMessage> & { readonly holes?: readonly Hole[]; readonly open?: readonly string[] } = {},
): ReportMessage {
  const { holes = [], open, ...rest } = overrides;
  const opened = rest.opened ?? [];
  return {
    type: 'report',
    boot: 1,
    seq: 1,
    scanId: randomUUID(),
    part: 1,
    parts: 1,
    full: true,
    image: anImageDigest,
    rules: 1,
    startedAt: aTime,
    finishedAt: aTime,
    opened,
    cleared: [],
    coverage: aCoverage({ holes: [...holes] }),
    stateDigest: stateDigest({
      manifest: rest.image ?? anImageDigest,
      rules: rest.rules ?? 1,
      fingerprints: open ?? opened.map((finding) => finding.fingerprint),
      holes,
    }),
    ...rest,
  };
}
