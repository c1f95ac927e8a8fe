import { z } from 'zod';
import { parseCron } from './cron.ts';
import { Duration, durationMs } from './duration.ts';
import { isTimeZone } from './time-zone.ts';
import { TriggerKind } from './trigger-kind.ts';

/** When a policy may start something. */

const CronText = z
  .string()
  .superRefine((text, context) => {
    try {
      parseCron(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  })
  .describe('five fields of crontab(5), on the walls of the zone');

const scope = {
  triggers: z.array(TriggerKind).min(1).optional().describe('only what these triggers want; without it everything'),
  reason: z.string().trim().min(1).max(1_000).optional().describe('for whoever asks why not now'),
};

const recurring = {
  duration: Duration.refine(
    (text) => durationMs(text) >= 60_000,
    'expected a minute or more: a window that is never open would never be seen',
  ).describe('from each start on, in elapsed time: a clock that is changed meanwhile makes it no longer'),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'expected a time zone by its IANA name, such as Europe/Berlin or UTC')
    .describe('IANA name'),
  ...scope,
};

const moment = z.iso.datetime({ offset: true });

/**
 * `allow`: nothing starts but within one of these. `deny`: nothing starts within, whatever is allowed. `freeze`: the same,
 * once. All are `[start, end)`. A start that the spring change skips comes as much later as the clock is put forward, and one
 * that the autumn change repeats comes once.
 */
export const Window = z.union([
  z.strictObject({ allow: CronText, ...recurring }),
  z.strictObject({ deny: CronText, ...recurring }),
  z.strictObject({
    freeze: z
      .strictObject({ from: moment, until: moment })
      .refine(({ from, until }) => Date.parse(from) < Date.parse(until), 'expected it to end after it begins')
      .describe('RFC 3339 times'),
    ...scope,
  }),
]);
export type Window = z.infer<typeof Window>;
