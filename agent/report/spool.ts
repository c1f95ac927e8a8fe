import { frameBytesMax, type HistoryGap, ReportMessage } from '../../shared/protocol.ts';
import { openReportFiles } from './report-files.ts';
import { createTurns } from './turns.ts';

/** A report's place in the order of one instance. */
export interface Place {
  readonly boot: number;
  readonly seq: number;
}

export function comparePlaces(a: Place, b: Place): number {
  return a.boot - b.boot || a.seq - b.seq;
}

/**
 * Reports that the server has not acked, one file each, in order. What `append` has called `stored` survives kill -9 and a
 * power cut; what `forget` has removed may come back after a power cut and is then sent twice, which does no harm. Each
 * call waits for the one before, so that none sees another half done.
 */
export interface Spool {
  readonly reports: number;
  readonly bytes: number;
  /** What the disk last refused, in a sentence; null while it takes and gives everything. */
  readonly trouble: string | null;
  /** The last place that may have been sent: from there on down nothing may ever mean something else. */
  readonly handedOut: Place;
  /**
   * Stores the reports of one scan. Past `spoolBytesMax` all that is spooled is dropped: a full report then carries the
   * state on its own; after any other (`dropped`), one is owed. What the disk does not take is `held` in memory, until it
   * does: who fills it must not keep drift from the server. Rejects past `heldBytesMax`; a full report is owed then too.
   */
  append(reports: readonly ReportMessage[]): Promise<Appended>;
  /**
   * These in place of everything from the first of their places on. False, and nothing is done, where that place may have
   * been sent, or they are no fewer. A crash meanwhile leaves no gap: some of the old after some of the new.
   */
  replace(reports: readonly ReportMessage[]): Promise<boolean>;
  /** The first report not forgotten, or the first of those after a place. */
  head(after?: Place): Place | undefined;
  /** The frame of a report as it was appended, to be sent; undefined when it is gone or unreadable. */
  read(place: Place): Promise<StoredReport | undefined>;
  /** Forgets everything up to and with this place. */
  forget(upTo: Place): Promise<void>;
  clear(): Promise<Dropped>;
  /** How many were found to be no reports any more since this was last asked. */
  takeDamaged(): number;
}

export interface Appended {
  readonly fate: 'stored' | 'held' | 'dropped';
  /** What was spooled before and had to go. */
  readonly dropped: Dropped;
}

/** Reports that were never acked, and what they would have told of reports before them. */
export interface Dropped {
  readonly reports: number;
  readonly gaps: readonly HistoryGap[];
}

interface StoredReport {
  readonly frame: string;
  readonly stateDigest: string;
}

/** A full report is at most some 70 MiB (see `stateLimits`): one fits beside another, until the two are made one. */
const spoolBytesMax = 160 * 1_048_576;
/** Of reports in memory. A start begins with a full report, so that those lost with the agent are told anew. */
const heldBytesMax = 4 * 1_048_576;
/** A start takes no more; what is beyond it was left by something else, or by a defect. */
const reportsAtStartMax = 100_000;
const spoolLimits = { spoolBytesMax, heldBytesMax, reportsAtStartMax };

/** Never rejects: what is wrong with the directory is told by `trouble`, and reports are held in memory. */
export async function openSpool(directory: string, given: Partial<typeof spoolLimits> = {}): Promise<Spool> {
  const limits = { ...spoolLimits, ...given };
  const files = openReportFiles(directory);
  const turns = createTurns();
  const found = await files.list({ reportsMax: limits.reportsAtStartMax, bytesMax: frameBytesMax });
  let entries: Entry[] = found.reports.toSorted(comparePlaces);
  let damaged = found.damaged;
  let bytes = sumOf(entries);
  // Of the agent's starts before, nobody knows what was sent.
  let handedOut: Place = entries.at(-1) ?? { boot: 0, seq: 0 };

  const heldBytes = () => sumOf(entries.filter(({ held }) => held !== undefined));

  /** In order, so that what a crash leaves has no gap. */
  const storeHeld = async () => {
    for (const [index, entry] of entries.entries()) {
      if (entry.held === undefined) continue;
      if (!(await files.store(entry, entry.held))) return;
      const { held: _, ...stored } = entry;
      entries[index] = stored;
    }
  };

  const dropAll = async (): Promise<Dropped> => {
    const dropped = entries.splice(0);
    bytes = 0;
    // From the oldest, so that what a crash leaves is still without gaps.
    for (const place of dropped) await files.remove(place);
    return { reports: dropped.length, gaps: dropped.flatMap(({ gaps = [] }) => gaps) };
  };

  return {
    get reports() {
      return entries.length;
    },
    get bytes() {
      return bytes;
    },
    get trouble() {
      return files.trouble;
    },
    get handedOut() {
      return handedOut;
    },
    append: (reports) =>
      turns.take(async () => {
        const fresh = reports.map(sizedOf);
        let dropped: Dropped = { reports: 0, gaps: [] };
        if (bytes + sumOf(fresh) > limits.spoolBytesMax) {
          dropped = await dropAll();
          if (!reports.every(({ full }) => full)) return { fate: 'dropped', dropped };
        }
        await storeHeld();
        for (const [index, entry] of fresh.entries()) {
          const frame = frameOf(reports[index]!);
          if (heldBytes() > 0 || !(await files.store(entry, frame))) {
            if (heldBytes() + entry.bytes > limits.heldBytesMax) throw new Error(files.trouble ?? 'the spool is full');
            entries.push({ ...entry, held: frame });
          } else {
            entries.push(entry);
          }
          bytes += entry.bytes;
        }
        return { fate: heldBytes() > 0 ? 'held' : 'stored', dropped };
      }),
    replace: (reports) =>
      turns.take(async () => {
        const fresh = reports.map(sizedOf);
        const first = fresh[0];
        if (first === undefined || comparePlaces(first, handedOut) <= 0) return false;
        const kept = entries.filter((entry) => comparePlaces(entry, first) < 0);
        const old = entries.slice(kept.length);
        if (old[0] === undefined || comparePlaces(old[0], first) !== 0 || fresh.length >= old.length) return false;
        const isOnDisk = await files.overwrite(
          reports.map((report) => ({ place: report, frame: () => frameOf(report) })),
        );
        // Where the disk takes nothing they are held; what goes then may make room for them.
        if (!isOnDisk && sumOf(fresh) > limits.heldBytesMax) return false;
        // From the newest on: what a crash leaves then still has no gap.
        for (const entry of old.slice(isOnDisk ? fresh.length : 0).reverse()) await files.remove(entry);
        await files.sync();
        const held = (index: number) => (isOnDisk ? {} : { held: frameOf(reports[index]!) });
        entries = [...kept, ...fresh.map((entry, index) => ({ ...entry, ...held(index) }))];
        bytes = sumOf(entries);
        if (!isOnDisk) await storeHeld();
        return true;
      }),
    head: (after) => (after === undefined ? entries[0] : entries.find((entry) => comparePlaces(entry, after) > 0)),
    read: (place) =>
      turns.take(async () => {
        const entry = entries.find((one) => comparePlaces(one, place) === 0);
        if (entry === undefined) return undefined;
        if (comparePlaces(place, handedOut) > 0) handedOut = place;
        const report = parseReport(place, entry.held ?? (await files.read(place)));
        if (report === undefined) damaged += 1;
        return report;
      }),
    forget: (upTo) =>
      turns.take(async () => {
        while (entries[0] !== undefined && comparePlaces(entries[0], upTo) <= 0) {
          const entry = entries.shift()!;
          bytes -= entry.bytes;
          await files.remove(entry);
        }
      }),
    clear: () => turns.take(dropAll),
    takeDamaged() {
      const taken = damaged;
      damaged = 0;
      return taken;
    },
  };
}

interface Entry extends Place {
  readonly bytes: number;
  /** The frame, where the disk did not take it. */
  readonly held?: string;
  /** What it tells of reports before it, as far as this start of the agent knows. */
  readonly gaps?: readonly HistoryGap[];
}

/** Measured and let go: a scan may have hundreds of reports, and no two of them need be in memory as text. */
function sizedOf(report: ReportMessage): Entry {
  const { boot, seq, spool } = report;
  return { boot, seq, bytes: Buffer.byteLength(frameOf(report)), ...(spool && { gaps: spool.gaps }) };
}

function frameOf(report: ReportMessage): string {
  return JSON.stringify(report);
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.bytes, 0);
}

function parseReport(place: Place, frame: string): StoredReport | undefined {
  try {
    const report = ReportMessage.parse(JSON.parse(frame));
    return comparePlaces(report, place) === 0 ? { frame, stateDigest: report.stateDigest } : undefined;
  } catch {
    return undefined;
  }
}
