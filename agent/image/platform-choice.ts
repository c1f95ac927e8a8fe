import { arch } from 'node:os';
import { CodedError } from '../../shared/errors.ts';

/** As image-spec names them: `linux`, `amd64`, and a variant as `v8` where there is one. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** The words of Go, which image-spec uses, for those of Node. */
const architectures: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
  ['ppc64', 'ppc64le'],
  ['mipsel', 'mipsle'],
]);

/** What this machine runs. */
export function ownPlatform(): Platform {
  const own = arch();
  return { os: 'linux', architecture: architectures.get(own) ?? own };
}

/** An architecture as a manifest of ours has it: in the words of Node. */
export function archOf(architecture: string): string {
  for (const [ours, theirs] of architectures) if (theirs === architecture) return ours;
  return architecture;
}

/** `os/arch` or `os/arch/variant`. Errors: USAGE. */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  if (match === null) throw new CodedError('USAGE', `expected --platform like linux/amd64, got ${text}`);
  return { os: match[1]!, architecture: match[2]!, variant: match[3] };
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

/** Where no variant is asked for, any will do. */
export function suits(offered: Platform, wanted: Platform): boolean {
  return (
    offered.os === wanted.os &&
    offered.architecture === wanted.architecture &&
    (wanted.variant === undefined || offered.variant === wanted.variant)
  );
}

interface Choice {
  readonly digest: string;
  readonly platform?: Platform | undefined;
  /** A name for people. */
  readonly ref?: string | undefined;
}

/**
 * Pure: the image of an index that is meant: the only one, or the one for the platform that is wanted, this machine's where
 * none is named. Errors: USAGE, naming the choices.
 */
export function choosePlatform<T extends Choice>(
  offered: readonly T[],
  wanted: Platform | undefined,
  own: Platform,
): T {
  const choices = [...new Map(offered.map((choice) => [choice.digest, choice])).values()];
  if (choices.length === 1 && (wanted === undefined || choices[0]!.platform === undefined)) return choices[0]!;
  const platform = wanted ?? own;
  const fitting = choices.filter((choice) => choice.platform !== undefined && suits(choice.platform, platform));
  if (fitting.length === 1) return fitting[0]!;
  const names = choices.map((choice) => [choice.ref, choice.platform && platformText(choice.platform)].filter(Boolean));
  const listed = [...new Set(names.map((name) => name.join(' ') || 'one without a name'))].slice(0, 50).join(', ');
  const found = fitting.length === 0 ? 'no image' : `${fitting.length} images`;
  throw new CodedError(
    'USAGE',
    `the archive holds ${found} for ${platformText(platform)}: choose with --platform, or export one alone, of: ${listed}`,
  );
}
