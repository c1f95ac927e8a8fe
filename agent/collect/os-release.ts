export interface OsRelease {
  /** `debian`; `linux` where nothing is said, as os-release(5) has it. */
  readonly id: string;
  /** What it is derived from, nearest first: `rhel`, `centos`, `fedora`. */
  readonly idLike: readonly string[];
  /** `12`; empty for a rolling distribution. */
  readonly versionId: string;
}

/** os-release(5). Gets the text of a file, or undefined where there is none. */
export function osRelease(textOf: (path: string) => string | undefined): OsRelease {
  const text = textOf('/etc/os-release') ?? textOf('/usr/lib/os-release') ?? '';
  const field = (name: string) => new RegExp(`^${name}=["']?([A-Za-z0-9._-]+)["']?$`, 'm').exec(text)?.[1];
  const idLike = /^ID_LIKE=["']?([A-Za-z0-9._ -]+)["']?$/m.exec(text)?.[1] ?? '';
  return {
    id: field('ID') ?? 'linux',
    idLike: idLike.split(' ').filter((id) => id !== ''),
    versionId: field('VERSION_ID') ?? '',
  };
}
