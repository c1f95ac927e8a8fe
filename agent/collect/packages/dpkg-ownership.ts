import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';
import type { AskedPaths } from './asked-paths.ts';
import { type DpkgPackage, dpkgStatusFolder, readStatus } from './dpkg.ts';
import type { Claim, FileDigest } from './ownership.ts';

const infoFolder = '/var/lib/dpkg/info';
const diversionsFile = '/var/lib/dpkg/diversions';
const listBytesMax = 64 * 1_048_576;

/** By `info/NAME.list`, with the md5 of `info/NAME.md5sums`, or for configuration files of the status file. */
export function claimDpkgFiles(reader: Reader, asked: AskedPaths, claim: Claim): void {
  const packages = byListName(readStatus(reader));
  const diversions = parseDiversions(reader.text(diversionsFile, listBytesMax) ?? '');
  for (const [folder, ending] of [
    [infoFolder, '.list'],
    [dpkgStatusFolder, '.md5sums'],
  ] as const) {
    for (const file of reader.list(folder)) {
      const found = packages.get(file.slice(0, file.lastIndexOf('.')));
      if (found === undefined) continue;
      // What dpkg knows of a package belongs to it, though no package lists that.
      const own = asked.match(`${folder}/${file}`);
      if (own !== undefined) claim(own, { package: found.name, config: false });
      if (file.endsWith(ending)) claimFilesOf(found, reader, `${folder}/${file}`, asked, diversions, claim);
    }
  }
}

/** Lists are called `openssl`, or `libc6:amd64` where several architectures of it may be installed. */
function byListName(packages: readonly DpkgPackage[]): ReadonlyMap<string, DpkgPackage> {
  const named = packages.toReversed().map((found) => [found.name.slice(0, found.name.indexOf(':')), found] as const);
  return new Map([...named, ...packages.map((found) => [found.name, found] as const)]);
}

function claimFilesOf(
  found: DpkgPackage,
  reader: Reader,
  list: RawName,
  asked: AskedPaths,
  diversions: ReadonlyMap<RawName, Diversion>,
  claim: Claim,
): void {
  const base = found.name.slice(0, found.name.indexOf(':'));
  const sums = list.replace(/\.list$/, '.md5sums');
  /** Asked paths by the name that the package gives them. */
  const mine = new Map<RawName, RawName>();
  for (const line of linesOf(reader.text(list, listBytesMax))) {
    const listed = list === sums ? pathOfSum(line) : line;
    const diversion = diversions.get(listed);
    const path = asked.match(diversion === undefined || diversion.package === base ? listed : diversion.to);
    if (path !== undefined) mine.set(listed, path);
  }
  if (mine.size === 0) return;
  const digests = new Map<RawName, FileDigest>();
  for (const line of linesOf(reader.text(sums, listBytesMax))) {
    const listed = pathOfSum(line);
    if (mine.has(listed)) setDigest(digests, listed, line.slice(0, 32));
  }
  const conffiles = new Set<RawName>();
  for (const line of found.conffiles ?? []) {
    const [, listed = '', md5 = ''] = /^(\/.*?) ([0-9a-f]{32}|newconffile)(?: |$)/.exec(line) ?? [];
    conffiles.add(listed);
    setDigest(digests, listed, md5);
  }
  for (const [listed, path] of mine) {
    const digest = digests.get(listed);
    claim(path, { package: found.name, config: conffiles.has(listed), ...(digest && { digest }) });
  }
}

/** `d41d8cd98f00b204e9800998ecf8427e  usr/bin/openssl` */
function pathOfSum(line: string): RawName {
  return `/${line.slice(34)}`;
}

function setDigest(digests: Map<RawName, FileDigest>, path: RawName, md5: string): void {
  if (/^[0-9a-f]{32}$/.test(md5)) digests.set(path, { algorithm: 'md5', value: md5 });
}

function* linesOf(text = ''): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    if (end > at) yield text.slice(at, end);
    at = end + 1;
  }
}

interface Diversion {
  readonly to: RawName;
  /** Who wants the name for itself; `:` for the administrator. */
  readonly package: string;
}

/** dpkg-divert(1): lines of the name, the name that others get instead, and whose wish it is. */
export function parseDiversions(text: string): ReadonlyMap<RawName, Diversion> {
  const lines = [...linesOf(text)];
  const diversions = new Map<RawName, Diversion>();
  for (let at = 0; at + 2 < lines.length; at += 3)
    diversions.set(lines[at]!, { to: lines[at + 1]!, package: lines[at + 2]! });
  return diversions;
}
