import type { Replacement } from '../api/types.ts';

/** A stuck one waits for a person and keeps its budget, so it is under way. */
export function isUnderWay({ state }: Replacement): boolean {
  return state !== 'succeeded' && state !== 'failed';
}
