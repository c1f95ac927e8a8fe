import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';
import { Severity } from './severity.ts';

export const keepFor = Duration.refine(
  (text) => durationMs(text) >= 60_000,
  'expected a minute or more: nobody could look at it in less',
);

/** What a policy asks for a machine that is replaced: that it is kept for people who look into what happened. */
export const Quarantine = z.strictObject({
  severity: Severity.exclude(['info'])
    .default('critical')
    .describe('machines with a taint of this or more are isolated and kept, whatever they are replaced for'),
  keepFor: keepFor.default('72h').describe('then the machine is ended, and its snapshot dropped'),
  max: z
    .int()
    .positive()
    .max(1_000)
    .default(5)
    .describe('kept in the group at once; at this many nothing is replaced that would need a place'),
});
export type Quarantine = z.infer<typeof Quarantine>;

/** For how long one machine is kept, and among how many of its group. */
export const Keeping = z.object({ keepFor: z.string(), max: z.int().positive() });
export type Keeping = z.infer<typeof Keeping>;
