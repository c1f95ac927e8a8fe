import type { PackageEntry } from '../../../shared/fact.ts';
import type { Reader } from '../facts/collector.ts';

const statusFile = '/var/lib/dpkg/status';
const statusBytesMax = 256 * 1024 * 1024;

export const dpkgReads = [statusFile];

/**
 * The packages dpkg knows, from the text of its database (deb822, dpkg(1)), never by running dpkg. No database means no
 * packages; one that cannot be read or understood is a hole, since half a database looks like removed packages.
 */
export function dpkgPackages(reader: Reader): readonly PackageEntry[] {
  const text = reader.text(statusFile, statusBytesMax);
  if (text === undefined) return [];
  const packages = parseStatus(text);
  if (packages === undefined) reader.unparseable(statusFile);
  return (packages ?? []).map(({ name, version, status }) => ({
    subject: 'package',
    name,
    version,
    status,
    purl: purlOf(name, version, reader.distro),
  }));
}

/** https://github.com/package-url/purl-spec, type `deb`: pkg:deb/debian/bash@5.2?arch=amd64 */
function purlOf(name: string, version: string, distro: string): string {
  const [base = name, architecture = ''] = name.split(':');
  const part = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');
  return `pkg:deb/${part(distro)}/${part(base)}@${part(version)}?arch=${part(architecture)}`;
}

/** A paragraph of the database, of which these three say what is installed. */
interface DpkgPackage {
  readonly name: string;
  readonly version: string;
  readonly status: string;
}

/** The packages of a status file, or undefined where any of it is not understood. */
export function parseStatus(text: string): readonly DpkgPackage[] | undefined {
  const entries = new Map<string, DpkgPackage>();
  let fields = new Map<string, string>();
  // The end of the text ends the last paragraph too.
  for (const line of `${text}\n`.split('\n')) {
    if (/^[ \t]*$/.test(line)) {
      const entry = entryOf(fields);
      if (entry === undefined || (entry !== 'none' && entries.has(entry.name))) return undefined;
      if (entry !== 'none') entries.set(entry.name, entry);
      fields = new Map();
    } else if (line[0] === ' ' || line[0] === '\t') {
      if (fields.size === 0) return undefined;
    } else {
      const colon = line.indexOf(':');
      const key = line.slice(0, colon).toLowerCase();
      if (colon < 1 || !/^[!-~]+$/.test(key) || fields.has(key)) return undefined;
      fields.set(key, line.slice(colon + 1).trim());
    }
  }
  return [...entries.values()];
}

const forms = {
  package: /^[a-zA-Z0-9][a-zA-Z0-9+._-]*$/,
  architecture: /^[a-zA-Z0-9][a-zA-Z0-9-]*$/,
  version: /^[a-zA-Z0-9.+~:-]+$/,
  status: /^[a-z]+ [a-z]+ [a-z-]+$/,
} as const;

/** `none`: an empty paragraph, or what dpkg remembers of a package that is not installed. Undefined: not understood. */
function entryOf(fields: ReadonlyMap<string, string>): DpkgPackage | 'none' | undefined {
  if (fields.size === 0) return 'none';
  const field = (name: keyof typeof forms) => {
    const text = fields.get(name);
    return text !== undefined && forms[name].test(text) ? text : undefined;
  };
  const name = field('package');
  const status = field('status');
  if (name === undefined || status === undefined) return undefined;
  if (status.endsWith(' not-installed')) return 'none';
  const architecture = field('architecture');
  const version = field('version');
  if (architecture === undefined || version === undefined) return undefined;
  return { name: `${name}:${architecture}`, version, status };
}
