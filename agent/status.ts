import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError, ExitCode } from '../shared/errors.ts';
import { Image } from '../shared/image.ts';
import { Verdict } from '../shared/verdict.ts';
import { Footprint } from './footprint.ts';
import { Settled } from './settle/settling.ts';
import { writeAtomically } from './state/durable-file.ts';

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

/** `status.json`: what the agent says of itself to people and scripts on the machine, since it listens nowhere. */
export const Status = z
  .object({
    schema: z.literal('pristine.status/1'),
    pid: z.int().positive(),
    boot: z.int().positive(),
    instanceId: z.string().nullable().describe('null until the server has welcomed this agent'),
    image: Image,
    rules: z.int().positive().describe('sequence of the rules in force'),
    verdict: Verdict.describe('of what the agent knows; the server decides for itself'),
    since: time.describe('when the verdict last changed'),
    lastSweep: z
      .object({ startedAt: time, finishedAt: time })
      .nullable()
      .describe('null before the first sweep of this start'),
    settled: Settled.nullable().describe('when boot had settled, and by what; what it wrote is pinned from then on'),
    openFindings: count.describe('of severity low and above'),
    holes: count,
    connection: z.object({
      state: z.enum(['connecting', 'connected', 'waiting', 'refused']),
      since: time,
      error: z.string().nullable(),
    }),
    spool: z
      .object({
        reports: count,
        bytes: count,
        trouble: z
          .string()
          .nullable()
          .default(null)
          .describe('what the disk refuses; reports are held in memory then, as far as there is room'),
        merged: count.default(0).describe('scans of this start that are told together with others'),
        lost: count.default(0).describe('reports of this start that are not told: sweeps told the state instead'),
      })
      .describe('reports that the server has not acked yet'),
    watcher: z.object({
      kind: z.enum(['fanotify', 'inotify', 'chokidar', 'none']),
      state: z.enum(['watching', 'partial', 'off']),
      error: z.string().nullable(),
      why: z.string().nullable().default(null).describe('why it is not a better one'),
      processes: z
        .string()
        .nullable()
        .default(null)
        .describe('why processes are not followed, so that who did something may stay unknown; null where they are'),
    }),
    footprint: Footprint.nullable().default(null).describe('null from an agent of before'),
    memoryShortage: z
      .object({ since: time, why: z.string(), sweepPutOff: z.boolean() })
      .nullable()
      .default(null)
      .describe(
        'while memory is short: the agent has made itself small, and puts off a scheduled sweep, for an hour at most',
      ),
    updatedAt: time.describe('written at each change and at least every 15 s; much older, the agent is not running'),
  })
  .meta({ id: 'Status' });
export type Status = z.infer<typeof Status>;

/** How `status` and `run --once` end. */
export const exitCodeOfVerdict: Readonly<Record<Verdict, ExitCode>> = {
  in_sync: ExitCode.ok,
  drifted: ExitCode.finding,
  unverifiable: ExitCode.unmeasured,
};

export const statusEveryMs = 15_000;
/** Four missed writes: from there on a status says nothing about now. */
const statusFreshMsMax = 60_000;

/** What cannot be written leaves none: an error must not leave an old "clean" standing. */
export async function writeStatus(stateDir: string, status: Status): Promise<void> {
  const path = pathOf(stateDir);
  try {
    await writeAtomically(path, `${JSON.stringify(status, null, 2)}\n`, 0o644);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Errors: UNREADABLE when there is none, or none that can be read. */
export async function readStatus(stateDir: string): Promise<Status> {
  const path = pathOf(stateDir);
  try {
    return Status.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new CodedError(
      'UNREADABLE',
      `${path}: no status of an agent there. Is \`pristine run\` running, as this user, and has that disk room?`,
      cause,
    );
  }
}

export function isFresh(status: Status, now: number): boolean {
  return Math.abs(now - Date.parse(status.updatedAt)) <= statusFreshMsMax;
}

/** In sync, told to the server, and said just now. */
export function isDelivered(status: Status, now: number): boolean {
  return (
    status.verdict === 'in_sync' &&
    status.lastSweep !== null &&
    status.spool.reports === 0 &&
    status.connection.state === 'connected' &&
    isFresh(status, now)
  );
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'status.json');
}
