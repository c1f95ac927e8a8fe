import { CodedError, ExitCode } from '../../shared/errors.ts';
import { ImageVersion, imageRef, Name } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { bake } from '../bake/bake.ts';
import { readBakeConfig } from '../bake/config-file.ts';
import { readPrivateKey } from '../collect/key-file.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { parsePlatform } from '../image/platform-choice.ts';
import { version } from '../version.ts';
import { openProgress } from './progress.ts';
import { bytes, counted } from './report-text.ts';

export interface BakeCommandOptions {
  readonly root: string;
  readonly platform?: string;
  readonly image: string;
  readonly imageVersion: string;
  readonly out: string;
  readonly key?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export async function bakeImage(pool: ObserverPool, options: BakeCommandOptions): Promise<ExitCode> {
  const image = imageOf(options);
  const config = await readBakeConfig(options.config);
  const key = options.key === undefined ? undefined : readPrivateKey(options.key);
  const progress = openProgress();
  const baked = await bake({
    root: options.root,
    platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
    image,
    out: options.out,
    config,
    key,
    pool,
    toolVersion: version,
    onProgress: (paths) => progress.show(`looked at ${paths} paths`),
  }).finally(progress.clear);

  const signed = key !== undefined;
  if (options.json) {
    const { image: named, ...counts } = baked;
    const result = { schema: 'pristine.bake/1', image: named, out: options.out, signed, ...counts };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return ExitCode.ok;
  }
  const { entries, filesHashed, bytesHashed, packages, profile, skipped } = baked;
  const read = `${counted(filesHashed, 'file')} (${bytes(bytesHashed)}), ${counted(packages, 'package')}`;
  process.stdout.write(
    [
      `baked ${imageRef(image)}: ${entries} entries, ${read}`,
      `${terminalSafe(options.out)}  ${baked.image.digest}`,
      profile === 'base' && config.profile === undefined
        ? 'profile base: no profile for this distribution, so only what any Linux changes at boot is relaxed'
        : `profile ${profile}`,
      ...skipped.map(({ name, rule }) => `left out ${terminalSafe(name)}: ${rule}`),
      signed
        ? 'signed'
        : `not signed: nothing accepts it before \`pristine sign --manifest ${terminalSafe(options.out)} --key FILE\``,
      '',
    ].join('\n'),
  );
  return ExitCode.ok;
}

/** Errors: USAGE. */
function imageOf(options: BakeCommandOptions): { readonly name: string; readonly version: string } {
  const name = Name.safeParse(options.image);
  if (!name.success) throw new CodedError('USAGE', `--image ${options.image}: ${name.error.issues[0]?.message}`);
  const parsed = ImageVersion.safeParse(options.imageVersion);
  if (!parsed.success) {
    throw new CodedError('USAGE', `--image-version ${options.imageVersion}: ${parsed.error.issues[0]?.message}`);
  }
  return { name: name.data, version: parsed.data };
}
