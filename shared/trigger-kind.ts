import { z } from 'zod';

/**
 * Why an instance may have to go: it is not what was baked, its image is not promoted any more, it is old, its machine is dead,
 * it cannot be measured, or a person asks for it.
 */
export const TriggerKind = z.enum(['drift', 'outdated', 'age', 'silence', 'unverifiable', 'manual']);
export type TriggerKind = z.infer<typeof TriggerKind>;
