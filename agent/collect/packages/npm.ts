import type { PackageEntry } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import { packageUrl } from './purl.ts';
import { distinctPlaces, resolveFile } from './resolve.ts';

const places = ['/usr/lib/node_modules', '/usr/local/lib/node_modules', '/usr/share/nodejs'] as const;
const packageJsonBytesMax = 1_048_576;
/** In one directory; more of them are a hole. */
const packagesMax = 20_000;

export const npmReads = places.flatMap((place) => [`${place}/*/package.json`, `${place}/@*/*/package.json`]);

/**
 * What npm has installed for everybody, and Debian's packages of the kind; not what these have beneath them. Anything may lie
 * there, so that a package.json which is not understood says what the name of its directory says.
 */
export function npmPackages(reader: Reader): readonly PackageEntry[] {
  return distinctPlaces(reader, places).flatMap((place) => {
    const names = reader
      .list(place)
      .flatMap((name) =>
        name.startsWith('@') ? reader.list(`${place}/${name}`).map((inner) => `${name}/${inner}`) : name,
      );
    if (names.length > packagesMax) reader.unparseable(place);
    return names.slice(0, packagesMax).flatMap((name) => packageAt(reader, place, name));
  });
}

function packageAt(reader: Reader, place: RawName, directory: RawName): readonly PackageEntry[] {
  const file = resolveFile(reader, `${place}/${directory}/package.json`);
  const bytes = file === undefined ? undefined : reader.bytes(file, packageJsonBytesMax);
  if (bytes === undefined) return [];
  const { name = directory, version = '' } = parsePackageJson(bytes);
  const slash = name.startsWith('@') ? name.indexOf('/') : -1;
  const purl = packageUrl({
    type: 'npm',
    ...(slash > 0 && { namespace: name.slice(0, slash) }),
    name: name.slice(slash + 1),
    version,
  });
  return [{ subject: 'package', name: `npm/${directory}@${place}`, version, status: 'installed', purl }];
}

/** Name and version as bytes. Never throws. */
export function parsePackageJson(bytes: Buffer): { readonly name?: RawName; readonly version?: RawName } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const said = Object.entries(parsed)
    .filter(([key, value]) => (key === 'name' || key === 'version') && typeof value === 'string' && value !== '')
    .map(([key, value]) => [key, Buffer.from(value as string, 'utf8').toString('latin1')]);
  return Object.fromEntries(said);
}
