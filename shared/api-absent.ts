import { z } from 'zod';

/** The part of `api.ts` that is about machines without an agent: no agent, no instance. */

export const AbsentMachine = z
  .object({
    group: z.string(),
    providerId: z.string(),
    zone: z.string().nullable(),
    liveness: z.literal('absent'),
    listedSince: z.iso.datetime({ precision: 3 }).describe('when its provider first had it'),
  })
  .meta({
    id: 'AbsentMachine',
    description: 'Its provider has it, and no agent enrolled from it within `enrolWithin` of its group.',
  });
export type AbsentMachine = z.infer<typeof AbsentMachine>;
