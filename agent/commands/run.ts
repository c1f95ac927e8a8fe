import { realpathSync } from 'node:fs';
import { ExitCode } from '../../shared/errors.ts';
import { keepCodeSmall, keepHeapSmall } from '../collect/heap.ts';

/** Stops on SIGTERM, SIGINT and SIGHUP; a second one ends at once. The spool survives both. */
export async function runCommand(options: { readonly config: string; readonly once?: boolean }): Promise<ExitCode> {
  keepCodeSmall();
  keepHeapSmall();
  const { runAgent } = await import('../wire-up.ts');
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(ExitCode.unmeasured);
      stop.abort();
    });
  }
  const entry = realpathSync(process.argv[1]!);
  return await runAgent({ config: options.config, once: options.once ?? false, entry, signal: stop.signal });
}
