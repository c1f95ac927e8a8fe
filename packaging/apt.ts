import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './run-command.ts';

export const isRoot = process.getuid?.() === 0;

export function findProgram(names: readonly string[]): string | undefined {
  // Debian keeps debootstrap and friends in sbin, which is not on an ordinary user's path.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/**
 * Installs Debian packages for programs that are missing. True if every program is there in the end: as an ordinary
 * user, or on a system without apt-get, what is missing stays missing, and the caller counts what it must skip.
 */
export async function ensurePrograms(packageOf: Readonly<Record<string, string>>): Promise<boolean> {
  const missing = () => Object.keys(packageOf).filter((program) => !findProgram([program]));
  const packages = [...new Set(missing().map((program) => packageOf[program] as string))];
  if (packages.length === 0) return true;
  if (!isRoot || !findProgram(['apt-get'])) return false;
  console.error(`installing with apt-get: ${packages.join(' ')}`);
  const options = {
    output: 'keep',
    timeoutMs: 600_000,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  } as const;
  await runCommand(['apt-get', 'update', '-q'], options);
  const { ok, output } = await runCommand(
    ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages],
    options,
  );
  if (!ok) console.error(output.trimEnd());
  return missing().length === 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
