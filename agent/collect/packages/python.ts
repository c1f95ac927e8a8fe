import type { PackageEntry } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import { packageUrl } from './purl.ts';
import { distinctPlaces, resolveFile } from './resolve.ts';

const libraries = ['/usr/lib', '/usr/local/lib', '/usr/lib64', '/usr/local/lib64'] as const;
const folders = ['site-packages', 'dist-packages'] as const;
const metadataBytesMax = 4 * 1_048_576;
/** In one directory; more of them are a hole. */
const packagesMax = 20_000;

export const pythonReads = libraries.flatMap((library) =>
  folders.flatMap((folder) =>
    ['*.dist-info/METADATA', '*.egg-info', '*.egg-info/PKG-INFO'].map((file) => `${library}/python*/${folder}/${file}`),
  ),
);

/**
 * What pip and its like have installed for the Python of the system: directories of metadata beside the code
 * (https://packaging.python.org/specifications/recording-installed-packages). These may hold anything, so that metadata
 * which is not understood says what the name of its directory says.
 */
export function pythonPackages(reader: Reader): readonly PackageEntry[] {
  const directories = libraries.flatMap((library) =>
    reader
      .list(library)
      .filter((name) => /^python\d/.test(name))
      .flatMap((name) => folders.map((folder) => `${library}/${name}/${folder}`)),
  );
  return distinctPlaces(reader, directories).flatMap((directory) => {
    const names = reader.list(directory).filter((name) => /\.(?:dist|egg)-info$/.test(name));
    if (names.length > packagesMax) reader.unparseable(directory);
    return names.slice(0, packagesMax).flatMap((name) => packageAt(reader, directory, name));
  });
}

function packageAt(reader: Reader, directory: RawName, info: RawName): readonly PackageEntry[] {
  const at = `${directory}/${info}`;
  const file = info.endsWith('.dist-info')
    ? resolveFile(reader, `${at}/METADATA`)
    : (resolveFile(reader, `${at}/PKG-INFO`) ?? resolveFile(reader, at));
  const text = file === undefined ? undefined : reader.text(file, metadataBytesMax);
  if (text === undefined) return [];
  // `requests-2.28.1.dist-info`, `pkg-1.0-py3.11.egg-info`
  const [named = info, versioned = ''] = info.slice(0, info.lastIndexOf('.')).split('-');
  const { name = named, version = versioned } = parseMetadata(text);
  const purl = packageUrl({ type: 'pypi', name: name.toLowerCase().replaceAll('_', '-'), version });
  return [{ subject: 'package', name: `pypi/${name}@${directory}`, version, status: 'installed', purl }];
}

/** The first `Name` and `Version` above the empty line that begins the description. Never throws. */
export function parseMetadata(text: string): { readonly name?: string; readonly version?: string } {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, end).trimEnd();
    if (line === '') break;
    const colon = line.indexOf(':');
    const key = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if ((key === 'name' || key === 'version') && value !== '' && !fields.has(key)) fields.set(key, value);
    at = end + 1;
  }
  return Object.fromEntries(fields);
}
