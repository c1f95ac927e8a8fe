export interface OsRelease {
  /** `debian`; `linux` where nothing is said, as os-release(5) has it. */
  readonly id: string;
  /** `12`; empty for a rolling distribution. */
  readonly versionId: string;
}

/** os-release(5). Gets the text of a file, or undefined where there is none. */
export function osRelease(textOf: (path: string) => string | undefined): OsRelease {
  const text = textOf('/etc/os-release') ?? textOf('/usr/lib/os-release') ?? '';
  const field = (name: string) => new RegExp(`^${name}=["']?([A-Za-z0-9._-]+)["']?$`, 'm').exec(text)?.[1];
  return { id: field('ID') ?? 'linux', versionId: field('VERSION_ID') ?? '' };
}
