import { z } from 'zod';
import { doubtKinds } from './doubt-text.ts';

export const Doubt = z.object({ kind: z.enum(doubtKinds), since: z.iso.datetime({ precision: 3 }) }).meta({
  id: 'Doubt',
  description:
    'Why it is not sure which machine this is. While there is one, the instance is never in_sync, whatever its agent reports; a person ends it.',
});
export type Doubt = z.infer<typeof Doubt>;
