import { z } from 'zod';

/** Why an instance may have to go: it is not what was baked, its image is not promoted any more, or it is old. */
export const TriggerKind = z.enum(['drift', 'outdated', 'age']);
export type TriggerKind = z.infer<typeof TriggerKind>;
