import type { PackageEntry } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import { packageUrl } from './purl.ts';
import { distinctPlaces } from './resolve.ts';

/** Where apk keeps its database, and where it does since `/lib` is a link. */
const places = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'] as const;
const installedBytesMax = 256 * 1_048_576;

export const apkReads = [...places];

export interface ApkPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Each path once, in the order of the database. */
  readonly files: readonly ApkFile[];
}

export interface ApkFile {
  readonly path: RawName;
  /** As written: `Q1` and the base64 of a sha1. */
  readonly checksum?: string;
}

/** The packages apk knows. */
export function apkPackages(reader: Reader): readonly PackageEntry[] {
  return readInstalled(reader, () => false).map(({ name, version, arch }) => ({
    subject: 'package',
    name: `${name}:${arch}`,
    version,
    status: 'installed',
    purl: packageUrl({ type: 'apk', namespace: reader.distro, name, version, qualifiers: { arch } }),
  }));
}

/** `wants` says of which paths the files are told. A database that is not understood is a hole. */
export function readInstalled(reader: Reader, wants: (path: RawName) => boolean): readonly ApkPackage[] {
  return distinctPlaces(reader, places, reader.unparseable).flatMap((path) => {
    const text = reader.text(path, installedBytesMax);
    if (text === undefined) return [];
    const packages = parseApkInstalled(text, wants);
    if (packages === undefined) reader.unparseable(path);
    return packages ?? [];
  });
}

/**
 * The packages of `installed` (https://wiki.alpinelinux.org/wiki/Apk_spec): paragraphs of lines that begin with a letter and
 * a colon. `F` is a directory, `R` a file in it, `Z` the checksum of that file. Undefined where any of it is not understood.
 */
export function parseApkInstalled(
  text: string,
  wants: (path: RawName) => boolean = () => true,
): readonly ApkPackage[] | undefined {
  const packages = new Map<string, ApkPackage>();
  let paragraph = newParagraph();
  for (let at = 0; at <= text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    if (end > at && !addLine(paragraph, text[at]!, text.slice(at + 1, end), wants)) return undefined;
    // The end of the text ends the last paragraph too.
    if ((end === at || newline === -1) && paragraph.lines > 0) {
      const found = packageOf(paragraph);
      if (found === undefined || packages.has(`${found.name}:${found.arch}`)) return undefined;
      packages.set(`${found.name}:${found.arch}`, found);
      paragraph = newParagraph();
    }
    at = end + 1;
  }
  return [...packages.values()];
}

interface Paragraph {
  lines: number;
  readonly fields: Map<string, string>;
  readonly files: ApkFile[];
  directory?: RawName;
  /** The file that `Z` speaks of. */
  path?: RawName;
}

function newParagraph(): Paragraph {
  return { lines: 0, fields: new Map(), files: [] };
}

/** Whether the line is understood. Fields of letters unknown here say nothing that is asked. */
function addLine(paragraph: Paragraph, letter: string, rest: string, wants: (path: RawName) => boolean): boolean {
  if (!/^[A-Za-z]$/.test(letter) || rest[0] !== ':') return false;
  const value = rest.slice(1);
  paragraph.lines++;
  switch (letter) {
    case 'P':
    case 'V':
    case 'A':
      if (paragraph.fields.has(letter)) return false;
      paragraph.fields.set(letter, value);
      return true;
    case 'F':
      paragraph.directory = value === '' ? '' : `/${value}`;
      delete paragraph.path;
      return addFile(paragraph, paragraph.directory, wants);
    case 'R':
      if (paragraph.directory === undefined) return false;
      paragraph.path = `${paragraph.directory}/${value}`;
      return addFile(paragraph, paragraph.path, wants);
    case 'Z':
      if (paragraph.path === undefined) return false;
      if (paragraph.files.at(-1)?.path === paragraph.path) {
        paragraph.files.push({ path: paragraph.files.pop()!.path, checksum: value });
      }
      return true;
    default:
      return true;
  }
}

function addFile(paragraph: Paragraph, path: RawName, wants: (path: RawName) => boolean): boolean {
  if (path !== '' && wants(path)) paragraph.files.push({ path });
  return true;
}

function packageOf({ fields, files }: Paragraph): ApkPackage | undefined {
  const word = (letter: string) => {
    const value = fields.get(letter);
    return value !== undefined && /^[!-~]+$/.test(value) ? value : undefined;
  };
  const [name, version, arch] = [word('P'), word('V'), word('A')];
  if (name === undefined || version === undefined || arch === undefined) return undefined;
  return { name, version, arch, files };
}
