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
 * Reports that the server has not acked, one file each, in order. What `append` has returned for survives kill -9 and a
 * power cut; what `forget` has removed may come back after a power cut and is then sent twice, which does no harm.
 */
export interface Spool {
  readonly reports: number;
  readonly bytes: number;
  /**
   * Stores the reports of one scan. Past `spoolBytesMax` all that is spooled is dropped: a full report then carries the
   * state on its own; after any other (`dropped`), one is owed. Rejects when the disk does; a full report is owed then too.
   */
  append(reports: readonly ReportMessage[]): Promise<'stored' | 'dropped'>;
  /** The first report not forgotten. */
  head(): Place | undefined;
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

const fileName = /^(\d{12})-(\d{12})\.json$/;

export async function openSpool(directory: string, limits = { spoolBytesMax }): Promise<Spool> {
  const entries = await readEntries(directory);
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
      for (const [index, { boot, seq }] of reports.entries()) {
        const temporary = await writeTemporary(directory, frames[index]!, { mode: 0o600, sync: true });
        await rename(temporary, pathOf(directory, { boot, seq }));
        await syncDirectory(directory);
        const size = Buffer.byteLength(frames[index]!);
        entries.push({ boot, seq, bytes: size });
        bytes += size;
      }
      return 'stored';
    },
    head: () => entries[0],
    read: (place) => readReport(directory, place),
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

async function readReport(directory: string, place: Place): Promise<StoredReport | undefined> {
  try {
    const frame = await readFile(pathOf(directory, place), 'utf8');
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
