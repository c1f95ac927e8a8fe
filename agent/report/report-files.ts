import { constants } from 'node:fs';
import { lstat, open, opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sentenceOf } from '../../shared/errors.ts';
import { frameBytesMax } from '../../shared/protocol.ts';
import { syncDirectory, temporaryPrefix, writeTemporary } from '../state/durable-file.ts';
import type { Place } from './spool.ts';

/**
 * The files of the spool, one a report. A disk that is full, read-only or broken is no reason to end: nothing here rejects, and
 * `trouble` says what it last refused.
 */
export interface ReportFiles {
  readonly trouble: string | null;
  /**
   * What is there, in no order, and how many of our names are no reports. What a killed agent left half-written is removed. A
   * file of another name is none of ours and is left alone.
   */
  list(limits: { readonly reportsMax: number; readonly bytesMax: number }): Promise<{
    readonly reports: readonly (Place & { readonly bytes: number })[];
    readonly damaged: number;
  }>;
  /** Durable once it says true; false leaves nothing behind. */
  store(place: Place, frame: string): Promise<boolean>;
  /** The same for several, in order, over those that are there: all of them, or none where the disk does not take all. */
  overwrite(frames: readonly { readonly place: Place; readonly frame: () => string }[]): Promise<boolean>;
  /** Empty for what is not there or cannot be read. */
  read(place: Place): Promise<string>;
  remove(place: Place): Promise<void>;
  sync(): Promise<void>;
}

const fileName = /^(\d{12})-(\d{12})\.json$/;

export function openReportFiles(directory: string): ReportFiles {
  let trouble: string | null = null;
  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      trouble = whatOf(error);
      return otherwise;
    }
  };
  const write = (frame: string) => writeTemporary(directory, frame, { mode: 0o600, sync: true });
  const remove = (path: string) => attempt(() => rm(path, { force: true }), undefined);

  return {
    get trouble() {
      return trouble;
    },
    list({ reportsMax, bytesMax }) {
      const reports: (Place & { readonly bytes: number })[] = [];
      let damaged = 0;
      const look = async () => {
        for await (const { name } of await opendir(directory)) {
          const path = join(directory, name);
          if (name.startsWith(temporaryPrefix)) await remove(path);
          const match = fileName.exec(name);
          if (match === null) continue;
          // Neither a folder nor a pipe, which would keep its reader for ever, nor more than a frame may be.
          const found = await attempt(() => lstat(path), undefined);
          const [boot, seq] = [Number(match[1]), Number(match[2])];
          const isReport = found?.isFile() === true && found.size <= bytesMax;
          if (found && isReport && reports.length < reportsMax) reports.push({ boot, seq, bytes: found.size });
          else {
            damaged += 1;
            await remove(path);
          }
        }
        return { reports, damaged };
      };
      return attempt(look, { reports, damaged });
    },
    store: (place, frame) =>
      attempt(async () => {
        const temporary = await write(frame);
        await rename(temporary, pathOf(directory, place)).catch(async (error) => {
          await remove(temporary);
          throw error;
        });
        await syncDirectory(directory);
        trouble = null;
        return true;
      }, false),
    overwrite: (frames) => {
      const temporaries: string[] = [];
      return attempt(async () => {
        for (const { frame } of frames) temporaries.push(await write(frame()));
        for (const [index, { place }] of frames.entries()) await rename(temporaries[index]!, pathOf(directory, place));
        return true;
      }, false).finally(() => Promise.all(temporaries.map(remove)));
    },
    read: (place) => attempt(() => readRegular(pathOf(directory, place)), ''),
    remove: (place) => remove(pathOf(directory, place)),
    sync: () => attempt(() => syncDirectory(directory), undefined),
  };
}

/** Without the name of a file, which is another each time: `ENOSPC: no space left on device`. */
function whatOf(error: unknown): string {
  return sentenceOf(error).split(', ', 1)[0]!.slice(0, 200);
}

/** What was put in the place of a report since may be anything. */
async function readRegular(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    if (size > frameBytesMax) throw new Error(`${path} is larger than any report`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function pathOf(directory: string, { boot, seq }: Place): string {
  const digits = (value: number) => String(value).padStart(12, '0');
  return join(directory, `${digits(boot)}-${digits(seq)}.json`);
}
