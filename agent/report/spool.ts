import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReportMessage } from '../../shared/protocol.ts';
import { syncDirectory, temporaryPrefix, writeTemporary } from '../state/durable-file.ts';

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
 * power cut; what `forget` has removed may come back after a power cut and is then sent twice, which does no harm.
 */
export interface Spool {
  readonly reports: number;
  readonly bytes: number;
  /**
   * Stores the reports of one scan. Past `spoolBytesMax` all that is spooled is dropped: a full report then carries the
   * state on its own; after any other (`dropped`), one is owed. What the disk does not take is `held` in memory: who fills
   * it must not keep drift from the server. Rejects past `heldBytesMax`; a full report is owed then too.
   */
  append(reports: readonly ReportMessage[]): Promise<'stored' | 'held' | 'dropped'>;
  /** The first report not forgotten, or the first of those after a place. */
  head(after?: Place): Place | undefined;
  /** The frame of a report as it was appended; undefined when it is gone or unreadable. */
  read(place: Place): Promise<StoredReport | undefined>;
  /** Forgets everything up to and with this place. */
  forget(upTo: Place): Promise<void>;
  clear(): Promise<void>;
}

interface StoredReport {
  readonly frame: string;
  readonly stateDigest: string;
}

/** A full report is at most some 20 MiB (see `stateLimits`), so one always fits an empty spool. */
const spoolBytesMax = 64 * 1_048_576;
/** Of reports in memory. A start begins with a full report, so that those lost with the agent are told anew. */
const heldBytesMax = 4 * 1_048_576;
const spoolLimits = { spoolBytesMax, heldBytesMax };

const fileName = /^(\d{12})-(\d{12})\.json$/;

export async function openSpool(directory: string, given: Partial<typeof spoolLimits> = {}): Promise<Spool> {
  const limits = { ...spoolLimits, ...given };
  const entries: Entry[] = await readEntries(directory);
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);

  const clear = async () => {
    const dropped = entries.splice(0);
    bytes = 0;
    // From the oldest, so that what a crash leaves is still without gaps.
    for (const place of dropped) await rm(pathOf(directory, place), { force: true });
  };

  return {
    get reports() {
      return entries.length;
    },
    get bytes() {
      return bytes;
    },
    async append(reports) {
      const frames = reports.map((report) => JSON.stringify(report));
      const more = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
      if (bytes + more > limits.spoolBytesMax) {
        await clear();
        if (!reports.every(({ full }) => full)) return 'dropped';
      }
      let fate: 'stored' | 'held' = 'stored';
      for (const [index, { boot, seq }] of reports.entries()) {
        const frame = frames[index]!;
        const entry = { boot, seq, bytes: Buffer.byteLength(frame) };
        try {
          await store(directory, entry, frame);
          entries.push(entry);
        } catch (error) {
          const held = entries.reduce((sum, other) => sum + (other.held === undefined ? 0 : other.bytes), entry.bytes);
          if (held > limits.heldBytesMax) throw error;
          entries.push({ ...entry, held: frame });
          fate = 'held';
        }
        bytes += entry.bytes;
      }
      return fate;
    },
    head: (after) => (after === undefined ? entries[0] : entries.find((entry) => comparePlaces(entry, after) > 0)),
    async read(place) {
      const held = entries.find((entry) => comparePlaces(entry, place) === 0)?.held;
      return parseReport(place, held ?? (await readFile(pathOf(directory, place), 'utf8').catch(() => '')));
    },
    async forget(upTo) {
      while (entries[0] !== undefined && comparePlaces(entries[0], upTo) <= 0) {
        const entry = entries.shift()!;
        bytes -= entry.bytes;
        await rm(pathOf(directory, entry), { force: true });
      }
    },
    clear,
  };
}

interface Entry extends Place {
  readonly bytes: number;
  /** The frame, where the disk did not take it. */
  readonly held?: string;
}

async function store(directory: string, place: Place, frame: string): Promise<void> {
  const temporary = await writeTemporary(directory, frame, { mode: 0o600, sync: true });
  await rename(temporary, pathOf(directory, place));
  await syncDirectory(directory);
}

/** What a killed agent left half-written is removed. A file of another kind is none of ours and is left alone. */
async function readEntries(directory: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.startsWith(temporaryPrefix)) await rm(path, { force: true });
    const match = fileName.exec(name);
    if (match) entries.push({ boot: Number(match[1]), seq: Number(match[2]), bytes: (await stat(path)).size });
  }
  return entries.sort(comparePlaces);
}

function parseReport(place: Place, frame: string): StoredReport | undefined {
  try {
    const report = ReportMessage.parse(JSON.parse(frame));
    return comparePlaces(report, place) === 0 ? { frame, stateDigest: report.stateDigest } : undefined;
  } catch {
    return undefined;
  }
}

function pathOf(directory: string, { boot, seq }: Place): string {
  const digits = (value: number) => String(value).padStart(12, '0');
  return join(directory, `${digits(boot)}-${digits(seq)}.json`);
}
