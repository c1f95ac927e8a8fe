import { CodedError, ExitCode } from '../../shared/errors.ts';
import { ImageVersion, imageRef, Name } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { type Baked, bakeRoot, openBakeRoot } from '../bake/bake.ts';
import { readBakeConfig } from '../bake/config-file.ts';
import { readPrivateKey } from '../collect/key-file.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { parsePlatform } from '../image/platform-choice.ts';
import type { RootView } from '../image/root-view.ts';
import { version } from '../version.ts';
import { checkRoot, isClean, type RootCheck, tellCheck } from './bake-check.ts';
import { openProgress } from './progress.ts';
import { bytes, counted } from './report-text.ts';

export interface BakeCommandOptions {
  readonly root: string;
  readonly platform?: string;
  readonly image?: string;
  readonly imageVersion?: string;
  readonly out?: string;
  readonly check?: boolean;
  readonly key?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Errors: USAGE, CONFIG, KEY, and those of `bake`. */
export async function bakeImage(pool: ObserverPool, options: BakeCommandOptions): Promise<ExitCode> {
  const wanted = wantedOf(options);
  const config = await readBakeConfig(options.config);
  const key = options.key === undefined ? undefined : readPrivateKey(options.key);
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const root = await openBakeRoot({ root: options.root, pool, platform });
  try {
    const checked = options.check ? await checkRoot(root, options.root) : undefined;
    if (checked !== undefined && (wanted === undefined || !isClean(checked))) {
      return tellCheck(checked, { json: options.json === true, wasToBake: wanted !== undefined });
    }
    if (wanted === undefined) throw new CodedError('INTERNAL', 'neither to bake nor to check');
    const baked = await bakeWithProgress(root, { ...wanted, config, key, toolVersion: version });
    if (options.json)
      process.stdout.write(`${JSON.stringify(jsonOf(baked, wanted.out, key !== undefined, checked))}\n`);
    else {
      if (checked !== undefined) tellCheck(checked, { json: false, wasToBake: true });
      process.stdout.write(textOf(baked, wanted.out, key !== undefined, config.profile !== undefined));
    }
    return ExitCode.ok;
  } finally {
    root.close();
  }
}

interface Wanted {
  readonly image: { readonly name: string; readonly version: string };
  readonly out: string;
}

/** Undefined: only a check. Errors: USAGE. */
function wantedOf({ image, imageVersion, out, check }: BakeCommandOptions): Wanted | undefined {
  const given = { '--image': image, '--image-version': imageVersion, '--out': out };
  const missing = Object.entries(given).flatMap(([option, value]) => (value === undefined ? [option] : []));
  if (check && missing.length === 3) return undefined;
  if (image === undefined || imageVersion === undefined || out === undefined) {
    const only = check ? ', or none of these for a check alone' : '';
    throw new CodedError('USAGE', `expected ${missing.join(', ')} too${only}`);
  }
  return { image: imageOf(image, imageVersion), out };
}

/** Errors: USAGE. */
function imageOf(image: string, imageVersion: string): Wanted['image'] {
  const name = Name.safeParse(image);
  if (!name.success) throw new CodedError('USAGE', `--image ${image}: ${name.error.issues[0]?.message}`);
  const parsed = ImageVersion.safeParse(imageVersion);
  if (!parsed.success) {
    throw new CodedError('USAGE', `--image-version ${imageVersion}: ${parsed.error.issues[0]?.message}`);
  }
  return { name: name.data, version: parsed.data };
}

async function bakeWithProgress(root: RootView, options: Omit<Parameters<typeof bakeRoot>[1], 'onProgress'>) {
  const progress = openProgress();
  const onProgress = (paths: number) => progress.show(`looked at ${paths} paths`);
  return await bakeRoot(root, { ...options, onProgress }).finally(progress.clear);
}

function jsonOf({ image, ...counts }: Baked, out: string, signed: boolean, checked: RootCheck | undefined) {
  const remarks = checked && { remarks: checked.found };
  return { schema: 'pristine.bake/1', image, out, signed, ...counts, ...remarks };
}

function textOf(baked: Baked, out: string, signed: boolean, isProfileChosen: boolean): string {
  const { image, entries, filesHashed, bytesHashed, packages, texts, profile, skipped } = baked;
  const read = [
    `${counted(filesHashed, 'file')} (${bytes(bytesHashed)})`,
    counted(packages, 'package'),
    `${counted(texts, 'text')} kept`,
  ].join(', ');
  return [
    `baked ${imageRef(image)}: ${entries} entries, ${read}`,
    `${terminalSafe(out)}  ${image.digest}`,
    profile === 'base' && !isProfileChosen
      ? 'profile base: no profile for this distribution, so only what any Linux changes at boot is relaxed'
      : `profile ${profile}`,
    ...skipped.map(({ name, rule }) => `left out ${terminalSafe(name)}: ${rule}`),
    signed
      ? 'signed'
      : `not signed: nothing accepts it before \`pristine sign --manifest ${terminalSafe(out)} --key FILE\``,
    '',
  ].join('\n');
}
