import type { Hole } from '../../shared/coverage.ts';
import type { PackageEntry } from '../../shared/entry.ts';
import { compareEntries } from '../../shared/entry-line.ts';
import { readInside } from './inside.ts';
import { errnoOf, type RootPrefix } from './system-path.ts';

export const statusFile = '/var/lib/dpkg/status';
const statusBytesMax = 256 * 1024 * 1024;

export type PackageList =
  | { readonly entries: readonly PackageEntry[]; readonly hole?: never }
  | { readonly hole: Hole; readonly entries?: never };

/**
 * The packages dpkg knows, from the text of its database (deb822, dpkg(1)), never by running dpkg. No database means no
 * packages; one that cannot be read or understood is a hole, since half a database looks like removed packages.
 */
export function readPackages(root: RootPrefix): PackageList {
  let text: string;
  try {
    text = readInside(root, statusFile, statusBytesMax).toString('latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return { entries: [] };
    const denied = errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM';
    return { hole: { subject: 'package', name: statusFile, reason: denied ? 'unreadable' : 'unparseable' } };
  }
  const entries = parseStatus(text);
  return entries === undefined
    ? { hole: { subject: 'package', name: statusFile, reason: 'unparseable' } }
    : { entries };
}

/** The packages of a status file in the order of a manifest, or undefined where any of it is not understood. */
export function parseStatus(text: string): readonly PackageEntry[] | undefined {
  const entries = new Map<string, PackageEntry>();
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
  return [...entries.values()].sort(compareEntries);
}

const forms = {
  package: /^[a-zA-Z0-9][a-zA-Z0-9+._-]*$/,
  architecture: /^[a-zA-Z0-9][a-zA-Z0-9-]*$/,
  version: /^[a-zA-Z0-9.+~:-]+$/,
  status: /^[a-z]+ [a-z]+ [a-z-]+$/,
} as const;

/** `none`: an empty paragraph, or what dpkg remembers of a package that is not installed. Undefined: not understood. */
function entryOf(fields: ReadonlyMap<string, string>): PackageEntry | 'none' | undefined {
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
  return { subject: 'package', name: `${name}:${architecture}`, version, status };
}
