import type { Reader } from '../facts/collector.ts';
import type { AskedPaths } from './asked-paths.ts';
import type { Claim, FileDigest } from './ownership.ts';
import { parsePackage, readRpmHeaders, rpmEntryName } from './rpm.ts';
import { type RpmHeader, rpmTags } from './rpm-header.ts';

/** By the numbers of RFC 4880 §9.4, as rpm does; 1 where nothing is said. */
const algorithms: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
};
const flags = { config: 1, ghost: 64 } as const;
/** Replaced by another package, not installed, on a shared disk, of another architecture. */
const statesOfNobody = [1, 2, 3, 4];

/** By the file lists of the headers: base names, and for each the number of its directory's name. */
export function claimRpmFiles(reader: Reader, asked: AskedPaths, claim: Claim): void {
  readRpmHeaders(reader, (header) => {
    claimFilesOf(header, asked, claim);
    return true;
  });
}

function claimFilesOf(header: RpmHeader, asked: AskedPaths, claim: Claim): void {
  const said = parsePackage(header);
  const basenames = header.texts(rpmTags.basenames);
  const [directories, indexes] = [header.texts(rpmTags.dirNames), header.numbers(rpmTags.dirIndexes)];
  if (said === undefined || basenames === undefined || directories === undefined || indexes === undefined) return;
  const [digests, states] = [header.texts(rpmTags.fileDigests), header.numbers(rpmTags.fileStates)];
  const fileFlags = header.numbers(rpmTags.fileFlags);
  const algorithm = algorithms[header.numbers(rpmTags.fileDigestAlgorithm)?.[0] ?? 1];
  for (const [number, basename] of basenames.entries()) {
    const path = asked.match(`${directories[indexes[number] ?? -1] ?? ''}${basename}`);
    if (path === undefined || statesOfNobody.includes(states?.[number] ?? 0)) continue;
    const has = (flag: number) => ((fileFlags?.[number] ?? 0) & flag) !== 0;
    const digest = has(flags.ghost) ? undefined : digestOf(algorithm, digests?.[number]);
    claim(path, { package: rpmEntryName(said.name, said.arch), config: has(flags.config), ...(digest && { digest }) });
  }
}

function digestOf(algorithm: string | undefined, value = ''): FileDigest | undefined {
  return algorithm !== undefined && /^[0-9a-f]+$/.test(value) ? { algorithm, value } : undefined;
}
