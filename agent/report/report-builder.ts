import { notBefore } from '../../shared/clock.ts';
import type { Coverage, Skip } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import { frameBytesMax, type ReportMessage, reportFindingsMax } from '../../shared/protocol.ts';
import { stateDigest } from '../../shared/state-digest.ts';
import type { OpenState } from '../open-state.ts';
import type { Scan } from '../scan.ts';
import type { Applied } from './apply-scan.ts';
import { findingBytes } from './finding-bytes.ts';

/** A report before the spool gives it its place in the order. */
export type ReportDraft = Omit<ReportMessage, 'boot' | 'seq'>;

/** What a report compares with. */
export interface Baseline {
  readonly image: string;
  readonly rules: number;
}

/**
 * Of a frame, coverage may take this much: mounts and skipped names above it are left out and counted; holes are bounded
 * before, in the state, because they are part of its digest.
 */
const coverageBytesMax = 524_288;
/** One below what the schema allows: the last place tells how many are left out. */
const skippedMax = 9_999;
/** For the members of a report that are neither findings, fingerprints nor coverage. */
const headBytes = 4_096;
const fingerprintBytes = 67;

export interface FrameLimits {
  readonly frameBytesMax: number;
  readonly reportFindingsMax: number;
}

/**
 * The messages that tell a scan, each within a frame. A sweep of either kind lists everything that is open, what is new
 * first; a check only what it changed: where that is more than one report holds, it is told as several checks.
 * One finding is far below a frame (names are at most 32,768 characters), so every finding fits.
 */
export function buildReports(
  newScanId: () => string,
  scan: Scan,
  before: OpenState,
  applied: Applied,
  baseline: Baseline,
  limits: FrameLimits = { frameBytesMax, reportFindingsMax },
): readonly ReportDraft[] {
  const full = scan.kind !== 'check';
  const coverage = boundCoverage({ ...scan.coverage, holes: [...applied.state.holes] });
  const { identities, answers } = scan.kind === 'check' ? {} : scan;
  const beside = JSON.stringify([coverage, identities ?? []]);
  const room = limits.frameBytesMax - headBytes - Buffer.byteLength(beside);
  const opened = full ? newFirst(applied) : applied.opened;
  const components = coverage.components?.map(({ digest }) => digest);
  const against = { manifest: baseline.image, rules: baseline.rules, components };
  const slices = sliceUp(opened, full ? [] : applied.cleared, room, limits.reportFindingsMax);

  const digestOf = (fingerprints: Iterable<string>) =>
    stateDigest({ ...against, fingerprints: [...fingerprints], holes: applied.state.holes });
  const digestAtEnd = digestOf(applied.state.open.keys());

  // Only what takes several checks to tell has states in between.
  const fingerprints = new Set(full || slices.length === 1 ? [] : before.open.keys());
  const sweepId = newScanId();
  return slices.map((slice, index) => {
    const last = index === slices.length - 1;
    if (!full) {
      for (const { fingerprint } of slice.opened) fingerprints.add(fingerprint);
      for (const fingerprint of slice.cleared) fingerprints.delete(fingerprint);
    }
    return {
      type: 'report',
      scanId: full || index === 0 ? sweepId : newScanId(),
      part: full ? index + 1 : 1,
      parts: full ? slices.length : 1,
      full,
      image: baseline.image,
      rules: baseline.rules,
      startedAt: scan.startedAt,
      finishedAt: notBefore(scan.startedAt, scan.finishedAt),
      opened: slice.opened,
      cleared: slice.cleared,
      coverage: last || !full ? coverage : { ...coverage, mounts: [], skipped: [], holes: [] },
      ...(last && identities && { identities: [...identities] }),
      ...(last && answers !== undefined && { answers }),
      stateDigest: full || last ? digestAtEnd : digestOf(fingerprints),
    };
  });
}

/** A sweep may have many parts: what the server does not know yet must not wait for what it does. */
function newFirst({ state, opened }: Applied): readonly Finding[] {
  const isNew = new Set(opened.map(({ fingerprint }) => fingerprint));
  return [...opened, ...[...state.open.values()].filter(({ fingerprint }) => !isNew.has(fingerprint))];
}

interface Slice {
  readonly opened: Finding[];
  readonly cleared: string[];
}

/** At least one slice, also for nothing: a clean sweep is told too. Cleared ones go last, so that nothing seems fine in between. */
function sliceUp(
  opened: readonly Finding[],
  cleared: readonly string[],
  room: number,
  countMax: number,
): readonly Slice[] {
  const slices: Slice[] = [{ opened: [], cleared: [] }];
  let left = room;
  const place = (bytes: number): Slice => {
    const { opened, cleared } = slices.at(-1)!;
    const count = opened.length + cleared.length;
    if (count > 0 && (bytes > left || count >= countMax)) {
      slices.push({ opened: [], cleared: [] });
      left = room;
    }
    left -= bytes;
    return slices.at(-1)!;
  };
  for (const finding of opened) place(findingBytes(finding) + 1).opened.push(finding);
  for (const fingerprint of cleared) place(fingerprintBytes).cleared.push(fingerprint);
  return slices;
}

function boundCoverage(coverage: Coverage): Coverage {
  let left = coverageBytesMax - Buffer.byteLength(JSON.stringify(coverage.holes));
  const fits = (value: unknown) => {
    left -= Buffer.byteLength(JSON.stringify(value)) + 1;
    return left > 0;
  };
  const mounts = coverage.mounts.filter(fits);
  const skipped: Skip[] = coverage.skipped.slice(0, skippedMax).filter(fits);
  const leftOut = coverage.mounts.length - mounts.length + coverage.skipped.length - skipped.length;
  if (leftOut > 0)
    skipped.push({ name: '/', rule: `${leftOut} more mounts and skipped names are left out of this report` });
  return { ...coverage, mounts, skipped };
}
