import { ExitCode } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import { type Inventory, inventory } from '../manifest/inventory.ts';
import { counted } from './report-text.ts';

/** `pristine manifest inventory`. */
export async function manifestInventoryCommand(
  dir: string,
  options: { readonly pub: string; readonly json?: boolean },
): Promise<ExitCode> {
  const found = await inventory(dir, readPublicKeys(options.pub));
  process.stdout.write(options.json ? `${JSON.stringify(found)}\n` : textOf(found));
  return ExitCode.ok;
}

function textOf({ image, programs }: Inventory): string {
  const rows = programs.map(({ mode = '', owner, uid, group, gid, privileges, name }) =>
    [mode, `${owner ?? uid}:${group ?? gid}`, privileges.join(', '), name].map(terminalSafe),
  );
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return [
    ...rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')),
    `${imageRef(image)}: ${counted(programs.length, 'program')} with setuid, setgid or capabilities`,
    '',
  ].join('\n');
}
