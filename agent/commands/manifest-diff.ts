import { ExitCode } from '../../shared/errors.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import { diffManifests } from '../manifest/diff.ts';
import { diffText } from './manifest-diff-text.ts';

/** `pristine manifest diff`: exit 0 equal, 1 different. */
export async function manifestDiffCommand(
  from: string,
  to: string,
  options: { readonly pub: string; readonly json?: boolean },
): Promise<ExitCode> {
  const diff = await diffManifests(from, to, readPublicKeys(options.pub));
  process.stdout.write(options.json ? `${JSON.stringify(diff)}\n` : diffText(diff));
  return diff.equal ? ExitCode.ok : ExitCode.finding;
}
