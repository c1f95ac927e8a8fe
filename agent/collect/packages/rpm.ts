import type { PackageEntry } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import { packageUrl } from './purl.ts';
import { distinctPlaces } from './resolve.ts';
import { parseRpmHeader, type RpmHeader, rpmTags } from './rpm-header.ts';
import { parseNdb } from './rpm-ndb.ts';
import { parseRpmSqlite, sqliteBytesMax } from './rpm-sqlite.ts';

const places = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'] as const;
const databases = { sqlite: 'rpmdb.sqlite', ndb: 'Packages.db', berkeley: 'Packages' } as const;
/** Made from the database, and of no use without it. */
const companions = ['rpmdb.sqlite-wal', 'Index.db', 'Basenames', 'Name'];
const ndbBytesMax = 512 * 1_048_576;
/** A database of SQLite that is being written is looked at so often. */
const attemptsMax = 3;

export const rpmReads = places.flatMap((place) =>
  [...Object.values(databases), ...companions, `${databases.sqlite}-journal`].map((name) => `${place}/${name}`),
);

/** The packages rpm knows, from its databases and never by running rpm. One that is not understood is a hole. */
export function rpmPackages(reader: Reader): readonly PackageEntry[] {
  return readRpmHeaders(reader, parsePackage).map(({ name, arch, epoch, version, release }) => ({
    subject: 'package',
    name: rpmEntryName(name, arch),
    version: `${epoch === undefined ? '' : `${epoch}:`}${version}-${release}`,
    status: 'installed',
    purl: packageUrl({
      type: 'rpm',
      namespace: reader.distro,
      name,
      version: `${version}-${release}`,
      qualifiers: { arch, epoch: epoch?.toString() },
    }),
  }));
}

interface RpmPackage {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch?: number | undefined;
  /** Keys (`gpg-pubkey`) have none. */
  readonly arch?: string | undefined;
}

/** As rpm writes it: `bash:x86_64`, `gpg-pubkey:(none)`. */
export function rpmEntryName(name: string, arch: string | undefined): string {
  return `${name}:${arch ?? '(none)'}`;
}

export function parsePackage(header: RpmHeader): RpmPackage | undefined {
  const word = (tag: number) => {
    const text = header.text(tag);
    return text !== undefined && /^[^\x00-\x20\x7f]+$/.test(text) ? text : undefined;
  };
  const [name, version, release] = [word(rpmTags.name), word(rpmTags.version), word(rpmTags.release)];
  if (name === undefined || version === undefined || release === undefined) return undefined;
  return { name, version, release, epoch: header.numbers(rpmTags.epoch)?.[0], arch: word(rpmTags.arch) };
}

/** What `read` makes of each header in the databases of a root; none of a database in which one is not understood. */
export function readRpmHeaders<T>(reader: Reader, read: (header: RpmHeader) => T | undefined): readonly T[] {
  const readBlob = (blob: Buffer) => {
    const header = parseRpmHeader(blob);
    return header === undefined ? undefined : read(header);
  };
  return distinctPlaces(reader, places, reader.unparseable).flatMap((place) => {
    const names = new Set(reader.list(place));
    // Berkeley DB is not read: it is a hole, and so is what is left of a database that is gone.
    if (names.has(databases.berkeley)) reader.unparseable(`${place}/${databases.berkeley}`);
    else if (!Object.values(databases).some((name) => names.has(name)) && companions.some((name) => names.has(name))) {
      reader.unparseable(place);
    }
    return [
      ...(names.has(databases.sqlite) ? readSqlite(reader, `${place}/${databases.sqlite}`, readBlob) : []),
      ...(names.has(databases.ndb) ? readNdb(reader, `${place}/${databases.ndb}`, readBlob) : []),
    ];
  });
}

/** The log is read before and after: pages that move from it into the database meanwhile are still in it. */
function readSqlite<T>(reader: Reader, path: RawName, read: (blob: Buffer) => T | undefined): readonly T[] {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const wal = sidecar(reader, `${path}-wal`);
    const database = reader.bytes(path, sqliteBytesMax);
    if (database === undefined) return [];
    const after = sidecar(reader, `${path}-wal`);
    // A journal that is not empty belongs to a transaction that was not ended.
    if ((sidecar(reader, `${path}-journal`)?.length ?? 0) > 0) break;
    if (!(wal ?? nothing).equals(after ?? nothing)) continue;
    const found = parseRpmSqlite({ database, wal }, read);
    if (found !== undefined) return found;
    break;
  }
  reader.unparseable(path);
  return [];
}

const nothing = Buffer.alloc(0);

function sidecar(reader: Reader, path: RawName): Buffer | undefined {
  return reader.stat(path) === undefined ? undefined : reader.bytes(path, sqliteBytesMax);
}

function readNdb<T>(reader: Reader, path: RawName, read: (blob: Buffer) => T | undefined): readonly T[] {
  const database = reader.bytes(path, ndbBytesMax);
  if (database === undefined) return [];
  const found = parseNdb(database)?.map(read);
  if (found?.every((value) => value !== undefined)) return found as readonly T[];
  reader.unparseable(path);
  return [];
}
