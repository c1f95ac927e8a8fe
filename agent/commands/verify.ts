import type { ExitCode } from '../../shared/errors.ts';
import { openObserverPool } from '../collect/observer-pool.ts';
import type { VerifyCommandOptions } from './verify-sweep.ts';

/** `pristine verify`: exit 0 clean, 1 a finding at or above `--fail-on`, 3 could not measure. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<ExitCode> {
  if (options.lowPriority === true) (await import('../host/priority.ts')).lowerPriority();
  // The threads come up first, while this one loads the schemas and checks signatures.
  const pool = openObserverPool(undefined, options.maxBytesPerSecond === undefined && options.maxCpu === undefined);
  try {
    const { verifySweep } = await import('./verify-sweep.ts');
    return await verifySweep(pool, options);
  } finally {
    await pool.close();
  }
}
