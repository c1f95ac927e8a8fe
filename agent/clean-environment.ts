import { writeSync } from 'node:fs';
import { changesUs, tookOut } from './own-environment.ts';

/**
 * Before anything else of ours is loaded: begins anew without what of the environment would change what this process does, in
 * the same process and with the same arguments. What was taken out is said here, and told by sweeps as a finding
 * (`collect/live/environment.ts`). Code that was loaded already by one of them can prevent this: then the sweep's child, which
 * is given no environment at all, reads it in ours.
 */
export function cleanEnvironment(): void {
  const found = Object.keys(process.env).filter(changesUs);
  if (found.length === 0) return;
  const before = process.env[tookOut]?.split(' ') ?? [];
  if (!found.some((name) => before.includes(name))) {
    writeSync(2, `pristine: ${found.join(', ')} of the environment would change what we do: begun anew without\n`);
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !changesUs(name)));
    const env = { ...clean, [tookOut]: [...before, ...found].join(' ') };
    // Not a child: what started us knows us by this process.
    process.execve?.(process.execPath, [process.argv0, ...process.execArgv, ...process.argv.slice(1)], env);
  }
  writeSync(2, `pristine: CONFIG: ${found.join(', ')} of the environment would change what we do: unset them\n`);
  process.exit(2);
}
