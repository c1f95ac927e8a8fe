import type { ExitCode } from '../../shared/errors.ts';
import { openObserverPool } from '../collect/observer-pool.ts';
import type { ExplainCommandOptions } from './explain-paths.ts';

/** `pristine explain`: exit 0 as baked or allowed, 1 a finding of `low` or more, 3 could not measure. */
export async function explainCommand(paths: readonly string[], options: ExplainCommandOptions): Promise<ExitCode> {
  // A few files need no threads beside this one.
  const pool = openObserverPool(0);
  try {
    const { explainPaths } = await import('./explain-paths.ts');
    return await explainPaths(pool, paths, options);
  } finally {
    await pool.close();
  }
}
