import type { PackageEntry } from '../../../shared/fact.ts';
import type { Collector, Reader } from '../facts/collector.ts';
import { apkPackages, apkReads } from './apk.ts';
import { dpkgPackages, dpkgReads } from './dpkg.ts';
import { npmPackages, npmReads } from './npm.ts';
import { pythonPackages, pythonReads } from './python.ts';
import { rpmPackages, rpmReads } from './rpm.ts';

/** What package managers have installed, each by its own database. */
export const packages: Collector<'package'> = {
  subject: 'package',
  reads: [...dpkgReads, ...rpmReads, ...apkReads, ...pythonReads, ...npmReads],
  collect: (reader) => managers.flatMap((packagesOf) => joinVersions(packagesOf(reader))),
};

const managers: readonly ((reader: Reader) => readonly PackageEntry[])[] = [
  dpkgPackages,
  rpmPackages,
  apkPackages,
  pythonPackages,
  npmPackages,
];

/** Of one package there can be several versions (kernels, keys): they are one entry, which is called after the last. */
function joinVersions(found: readonly PackageEntry[]): readonly PackageEntry[] {
  const byName = Map.groupBy(found, ({ name }) => name);
  return [...byName.values()].map((same) => {
    const inOrder = same.toSorted((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0));
    const versions = new Set(inOrder.map(({ version }) => version));
    return { ...inOrder.at(-1)!, version: [...versions].join(', ') };
  });
}
