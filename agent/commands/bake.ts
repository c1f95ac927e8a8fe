import type { ExitCode } from '../../shared/errors.ts';
import { keepHeapSmall } from '../collect/heap.ts';
import { openObserverPool } from '../collect/observer-pool.ts';
import type { BakeCommandOptions } from './bake-image.ts';

/** `pristine bake`. */
export async function bakeCommand(options: BakeCommandOptions): Promise<ExitCode> {
  keepHeapSmall();
  // The threads come up first, while this one loads the schemas and reads the configuration.
  const pool = openObserverPool();
  try {
    const { bakeImage } = await import('./bake-image.ts');
    return await bakeImage(pool, options);
  } finally {
    await pool.close();
  }
}
