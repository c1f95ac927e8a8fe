import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import type { Root } from '../root.ts';
import { claimApkFiles } from './apk-ownership.ts';
import { openAskedPaths } from './asked-paths.ts';
import { claimDpkgFiles } from './dpkg-ownership.ts';
import { claimRpmFiles } from './rpm-ownership.ts';

export interface Owner {
  /** The name of the package's entry, `openssl:amd64`. */
  readonly package: string;
  /** What the package says of the content; directories have none, links only with apk: that of their target. */
  readonly digest?: FileDigest;
  /** The package expects people to change it. */
  readonly config: boolean;
}

export interface FileDigest {
  /** As `crypto.hash` calls it. */
  readonly algorithm: string;
  readonly value: string;
}

export type Claim = (path: RawName, owner: Owner) => void;

/**
 * Which package owns each of these paths, as the databases in the root say, which anyone could have edited: good for telling
 * people what belongs together, and never for a verdict. Of the lists of all packages only what was asked for is kept. A
 * directory that several packages have belongs to none of them; of several who know a file's content, the first by name.
 */
export function ownersOf(root: Root, paths: Iterable<RawName>): ReadonlyMap<RawName, Owner> {
  const reader = quietReader(root);
  const asked = openAskedPaths(reader, paths);
  const owners = new Map<RawName, Owner>();
  const shared = new Set<RawName>();
  const claim: Claim = (path, owner) => {
    const before = owners.get(path);
    if (before === undefined) owners.set(path, owner);
    else if (before.package === owner.package) owners.set(path, before.digest === undefined ? owner : before);
    else if (knows(before) === knows(owner)) {
      if (!knows(before)) shared.add(path);
      if (owner.package < before.package) owners.set(path, owner);
    } else if (knows(owner)) owners.set(path, owner);
  };
  for (const claimFiles of [claimDpkgFiles, claimRpmFiles, claimApkFiles]) claimFiles(reader, asked, claim);
  for (const path of shared) if (!knows(owners.get(path)!)) owners.delete(path);
  return owners;
}

function knows({ digest, config }: Owner): boolean {
  return digest !== undefined || config;
}

/** What cannot be read owns nothing: the collector has made it a hole already. */
function quietReader(root: Root): Reader {
  const attempt = <T>(look: () => T): T | undefined => {
    try {
      return look();
    } catch {
      return undefined;
    }
  };
  const bytes = (path: RawName, bytesMax = databaseBytesMax) => attempt(() => root.read(path, bytesMax));
  return {
    distro: '',
    bytes,
    text: (path, bytesMax) => bytes(path, bytesMax)?.toString('latin1'),
    list: (path) => attempt(() => root.list(path)) ?? [],
    stat: (path) => attempt(() => root.stat(path)),
    unparseable: () => {},
  };
}

const databaseBytesMax = 16 * 1_048_576;
