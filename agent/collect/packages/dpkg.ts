import type { PackageEntry } from '../../../shared/fact.ts';
import type { Reader } from '../facts/collector.ts';
import { packageUrl } from './purl.ts';

export const dpkgStatusFile = '/var/lib/dpkg/status';
/** One file a package, in images that are put together without dpkg (distroless). They have no status of their own. */
export const dpkgStatusFolder = '/var/lib/dpkg/status.d';
export const dpkgStatusBytesMax = 256 * 1024 * 1024;
const statusOfFolder = 'install ok installed';

export const dpkgReads = [dpkgStatusFile, `${dpkgStatusFolder}/*`];

/**
 * The packages dpkg knows, from the text of its database (deb822, dpkg(1)), never by running dpkg. No database means no
 * packages; one that cannot be read or understood is a hole, since half a database looks like removed packages.
 */
export function dpkgPackages(reader: Reader): readonly PackageEntry[] {
  return readStatus(reader).map(({ name, version, status }) => {
    const [base = name, arch] = name.split(':');
    const purl = packageUrl({ type: 'deb', namespace: reader.distro, name: base, version, qualifiers: { arch } });
    return { subject: 'package', name, version, status, purl };
  });
}

/** What all files of the database say. */
export function readStatus(reader: Reader): readonly DpkgPackage[] {
  // Beside each file lie the digests of its package.
  const files = reader.list(dpkgStatusFolder).filter((name) => !name.endsWith('.md5sums'));
  const read = (path: string, status?: string) => {
    const text = reader.text(path, dpkgStatusBytesMax);
    if (text === undefined) return [];
    const packages = parseStatus(text, status);
    if (packages === undefined) reader.unparseable(path);
    return packages ?? [];
  };
  return [...read(dpkgStatusFile), ...files.flatMap((name) => read(`${dpkgStatusFolder}/${name}`, statusOfFolder))];
}

/** A paragraph of the database, of which these three say what is installed. */
export interface DpkgPackage {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  /** Lines of path and md5 of the configuration files, where it has any. */
  readonly conffiles?: readonly string[];
}

/** The packages of a status file, or undefined where any of it is not understood. `status` is for those that say none. */
export function parseStatus(text: string, status?: string): readonly DpkgPackage[] | undefined {
  const entries = new Map<string, DpkgPackage>();
  let fields = new Map<string, string>();
  let conffiles: string[] = [];
  let isConffiles = false;
  // The end of the text ends the last paragraph too.
  for (const line of `${text}\n`.split('\n')) {
    if (/^[ \t]*$/.test(line)) {
      const entry = entryOf(fields, status, conffiles);
      if (entry === undefined || (entry !== 'none' && entries.has(entry.name))) return undefined;
      if (entry !== 'none') entries.set(entry.name, entry);
      fields = new Map();
      conffiles = [];
    } else if (line[0] === ' ' || line[0] === '\t') {
      if (fields.size === 0) return undefined;
      if (isConffiles) conffiles.push(line.trim());
    } else {
      const colon = line.indexOf(':');
      const key = line.slice(0, colon).toLowerCase();
      if (colon < 1 || !/^[!-~]+$/.test(key) || fields.has(key)) return undefined;
      fields.set(key, line.slice(colon + 1).trim());
      isConffiles = key === 'conffiles';
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
function entryOf(
  fields: ReadonlyMap<string, string>,
  statusOfAll: string | undefined,
  conffiles: readonly string[],
): DpkgPackage | 'none' | undefined {
  if (fields.size === 0) return 'none';
  const field = (name: keyof typeof forms) => {
    const text = fields.get(name);
    return text !== undefined && forms[name].test(text) ? text : undefined;
  };
  const name = field('package');
  const status = fields.has('status') ? field('status') : statusOfAll;
  if (name === undefined || status === undefined) return undefined;
  if (status.endsWith(' not-installed')) return 'none';
  const architecture = field('architecture');
  const version = field('version');
  if (architecture === undefined || version === undefined) return undefined;
  return { name: `${name}:${architecture}`, version, status, ...(conffiles.length > 0 && { conffiles }) };
}
