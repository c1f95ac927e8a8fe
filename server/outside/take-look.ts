import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LookMeasure, lookHolesMax } from '../../shared/api-looks.ts';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Finding } from '../../shared/finding.ts';
import type { DiskSnapshot, Providers } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import type { EntriesStore } from '../store/entries-store.ts';
import { readGroup } from '../store/group-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import { writeBaseline } from './baseline.ts';
import type { Claims, Untold } from './difference.ts';
import { compareWithClaims } from './difference.ts';
import { markOf } from './marks.ts';
import type { Sweep } from './sweep.ts';
import { within } from './within.ts';

export interface LookHouse {
  readonly db: Db;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly entries: EntriesStore;
  /** Where files for a look lie while it is made. */
  readonly directory: string;
  readonly sweep: Sweep;
}

/** One look at a disk. */
export interface Seen {
  readonly measure: LookMeasure;
  readonly findings: readonly Finding[];
  /** By fingerprint, of what was untold right after. */
  readonly marks: ReadonlyMap<string, string>;
}

/** Of a cloud it takes minutes. */
const snapshotMsMax = 1_800_000;
/** Those with a mark. What is beyond is counted, and told once these are mended. */
const marksMax = 200;

/**
 * The disk as the provider shows it, compared with what the server knows. `claimsNow` says what the agent has told by the time that all was
 * looked at: only what is untold then needs a mark. Errors: what could not be done, in a sentence.
 */
export async function takeLook(
  { db, clock, providers, entries, directory, sweep }: LookHouse,
  instance: StoredInstance,
  claimsNow: () => Promise<Claims>,
  signal: AbortSignal,
): Promise<Seen> {
  const { group } = (await readGroup(db, instance.group)) ?? {};
  if (group === undefined || instance.providerId === null)
    throw new CodedError('NOT_FOUND', `nobody knows which machine of group ${instance.group} it is`);
  const files = join(directory, instance.id);
  const startedAt = timestamp(clock.now());
  try {
    const baseline = await writeBaseline({ db, entries }, instance, files);
    const disk = await show(providers(group).snapshot(group, instance.providerId), clock);
    try {
      const shown = await rootOf(disk);
      const { verdict, findings, coverage } = await sweep(disk.root, baseline, signal);
      if ((await rootOf(disk)) !== shown) throw new CodedError('IO', 'the disk went away while it was looked at');
      const finishedAt = timestamp(clock.now());
      const { untold } = compareWithClaims(findings, await claimsNow());
      const marks = await marksOf(disk.root, untold);
      const { imageDigest, rules } = baseline;
      const { entries: lines, checked, filesHashed, bytesHashed, holes } = coverage;
      const measure = {
        ...{ imageDigest, rules, startedAt, finishedAt, verdict, findings: findings.length, entries: lines },
        ...{ checked, filesHashed, bytesHashed, holes: holes.slice(0, lookHolesMax), holesCount: holes.length },
      };
      return { measure: LookMeasure.parse(measure), findings, marks };
    } finally {
      await disk.dispose();
    }
  } finally {
    await rm(files, { recursive: true, force: true });
  }
}

/** A provider that comes too late is not left with a disk that nobody frees. */
async function show(snapshot: Promise<DiskSnapshot>, clock: Clock): Promise<DiskSnapshot> {
  try {
    return await within(clock, snapshotMsMax, 'showing the disk', snapshot);
  } catch (error) {
    snapshot
      .then(
        (late) => late.dispose(),
        () => undefined,
      )
      .catch(() => undefined);
    throw error;
  }
}

/** What is unmounted looks like a disk from which everything was removed. */
async function rootOf({ root }: DiskSnapshot): Promise<string> {
  const { dev, ino } = await stat(root, { bigint: true });
  return `${dev}:${ino}`;
}

async function marksOf(root: string, untold: readonly Untold[]): Promise<ReadonlyMap<string, string>> {
  const marks = new Map<string, string>();
  for (const { finding } of untold.slice(0, marksMax)) {
    const mark = await markOf(root, finding);
    if (mark !== undefined) marks.set(finding.fingerprint, mark);
  }
  return marks;
}
