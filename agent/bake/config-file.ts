import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { BakeConfig } from '../../shared/rules.ts';
import { readRegular } from '../collect/inside.ts';

const configBytesMax = 4 * 1024 * 1024;

/** `pristine.yaml`, or the empty one. Errors: CONFIG. */
export async function readBakeConfig(file: string | undefined): Promise<BakeConfig> {
  if (file === undefined) return { rules: [] };
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(readRegular(file, configBytesMax).toString('utf8'), { maxAliasCount: 0, logLevel: 'error' }) ?? {};
  } catch (cause) {
    throw new CodedError('CONFIG', `could not read ${file}: ${sentenceOf(cause)}`, cause);
  }
  const config = BakeConfig.safeParse(value);
  if (config.success) return config.data;
  const [issue] = config.error.issues;
  throw new CodedError('CONFIG', `${file}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}
