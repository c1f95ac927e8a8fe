import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { PinningOptions } from '../check/pinning.ts';
import { isErrno, writeDurably } from '../state/durable-file.ts';
import { type BootFacts, decideSettled, settledBy } from './settled.ts';

const time = z.iso.datetime({ precision: 3 });
export const Settled = z.object({ at: time, by: z.enum(settledBy) });
export type Settled = z.infer<typeof Settled>;

/** Once settled an instance stays so, over every later boot. */
const SettledRecord = z.strictObject({
  schema: z.literal('pristine.settled/1'),
  first: z.strictObject({ kernelBoot: z.string().nullable(), uptimeMs: z.number() }),
  settled: Settled.nullable(),
  /** There were pins, so that they are missed if they go. */
  pinned: z.boolean(),
});
type SettledRecord = z.infer<typeof SettledRecord>;

/** Whether the boot of this instance has settled. */
export interface Settling {
  readonly settled: Settled | null;
  /** How the next sweep uses and makes pins; undefined before boot has settled. */
  readonly pinning: PinningOptions | undefined;
  /** Looks again. True when it has settled just now. */
  look(): Promise<boolean>;
  /** A sweep that was to pin has ended. */
  swept(): Promise<void>;
}

export interface SettlingOptions {
  readonly stateDir: string;
  readonly isLive: boolean;
  readonly readBoot: () => BootFacts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Errors: what the system says, when the record cannot be read or begun. */
export async function openSettling({ stateDir, isLive, readBoot, clock, log }: SettlingOptions): Promise<Settling> {
  const path = join(stateDir, 'settled.json');
  const file = join(stateDir, 'pins.json');
  const hasPins = () => existsSync(file);
  let record = await readRecord(path);
  const save = async (next: SettledRecord) => {
    // Also when it cannot be written: what is not on the disk is decided anew at the next start.
    record = next;
    await writeDurably(path, `${JSON.stringify(next)}\n`).catch((error) =>
      log.warn({ reason: sentenceOf(error) }, 'that boot has settled could not be saved'),
    );
  };
  if (record === undefined) {
    const { kernelBoot, uptimeMs } = readBoot();
    await save({ schema: 'pristine.settled/1', first: { kernelBoot, uptimeMs }, settled: null, pinned: hasPins() });
  }
  return {
    get settled() {
      return record!.settled;
    },
    get pinning() {
      const { settled, pinned } = record!;
      return settled === null && !pinned ? undefined : { file, makes: !pinned };
    },
    async look() {
      const { first, settled } = record!;
      const by = settled === null ? decideSettled(readBoot(), { first, isLive }) : undefined;
      if (by === undefined) return false;
      if (by === 'late') log.warn({ by }, 'boot has settled, and cloud-init has not said that it is done');
      else log.info({ by }, 'boot has settled');
      await save({ ...record!, settled: { at: timestamp(clock.now()), by } });
      return true;
    },
    async swept() {
      const { settled, pinned } = record!;
      if (settled !== null && !pinned && hasPins()) await save({ ...record!, pinned: true });
    },
  };
}

/** Undefined where there is none, or none that is as it was written: then it is decided anew. */
async function readRecord(path: string): Promise<SettledRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return SettledRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
