import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { houseDir, runCommand } from './run-command.ts';
import type { Tally } from './tally.ts';

const tsc = ['node', 'node_modules/typescript-7/bin/tsc', '-p'];

/** What can be told without running anything of ours. Each check counts as one test. */
const checks: readonly { readonly name: string; readonly command: readonly string[]; readonly needs?: string }[] = [
  { name: 'types', command: [...tsc, '.'] },
  { name: 'types of the console', command: [...tsc, 'server/web'], needs: 'server/web/tsconfig.json' },
  { name: 'lint and format', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'unused code and dependencies', command: ['knip', '--no-progress'] },
  {
    name: 'generated files are fresh',
    command: ['node', 'packaging/generate.ts', '--check'],
    needs: 'packaging/generate.ts',
  },
];

export async function runStaticChecks(): Promise<Tally> {
  let passed = 0;
  const notes: string[] = [];
  for (const { name, command, needs } of checks) {
    const started = performance.now();
    const { ok, output } =
      needs && !existsSync(join(houseDir, needs))
        ? { ok: false, output: `${needs} does not exist\n` }
        : await runCommand(command, { output: 'keep', timeoutMs: 180_000 });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(` ${ok ? '✓' : '✗'} ${name} (${seconds} s)`);
    if (ok) passed += 1;
    else {
      notes.push(`failed: ${name}`);
      console.log(output.trimEnd());
    }
  }
  return { passed, failed: notes.length, skipped: 0, notes };
}
