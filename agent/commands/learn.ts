import type { ExitCode } from '../../shared/errors.ts';
import { keepHeapSmall } from '../collect/heap.ts';
import { openObserverPool } from '../collect/observer-pool.ts';
import type { LearnCommandOptions } from './learn-rules.ts';

/** `pristine learn`: exit 0 a rule for every difference, 1 some are left for a person, 3 could not measure. */
export async function learnCommand(roots: readonly string[], options: LearnCommandOptions): Promise<ExitCode> {
  keepHeapSmall();
  const pool = openObserverPool();
  try {
    const { learnRules } = await import('./learn-rules.ts');
    return await learnRules(pool, roots, options);
  } finally {
    await pool.close();
  }
}
