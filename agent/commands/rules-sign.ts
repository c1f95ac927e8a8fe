import { CodedError, ExitCode } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { readBakeConfig } from '../bake/config-file.ts';
import { readPrivateKey, readPublicKeys } from '../collect/key-file.ts';
import { signRules } from '../rules/sign-rules.ts';
import { counted } from './report-text.ts';

export interface RulesSignOptions {
  readonly sequence: string;
  readonly config: string;
  readonly manifest: string;
  readonly key: string;
  readonly pub?: string;
  readonly out: string;
}

/** `pristine rules sign`: new rules without a new image. */
export async function rulesSignCommand(options: RulesSignOptions): Promise<ExitCode> {
  const sequence = Number(options.sequence);
  if (!/^[1-9]\d*$/.test(options.sequence) || !Number.isSafeInteger(sequence)) {
    throw new CodedError('USAGE', `expected a whole number from 1 on as --sequence, got ${options.sequence}`);
  }
  const signed = signRules({
    manifest: options.manifest,
    config: await readBakeConfig(options.config),
    sequence,
    key: readPrivateKey(options.key),
    trusted: options.pub === undefined ? undefined : readPublicKeys(options.pub),
    out: options.out,
  });
  const what = `${counted(signed.rules.length, 'rule')}, with those of profile ${signed.profile}`;
  process.stdout.write(
    `signed rules ${signed.sequence} of ${signed.image.name}: ${what}\n${terminalSafe(options.out)}\n`,
  );
  return ExitCode.ok;
}
