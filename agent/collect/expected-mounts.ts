import type { RawName } from '../../shared/name.ts';
import { readBeneath } from './read-beneath.ts';
import { refuseSilent, type SilentMounts } from './silent-mounts.ts';
import { errnoOf, type RootPrefix } from './system-path.ts';

/**
 * Where a system mounts filesystems by itself: those of the Discoverable Partitions Specification, without /usr, which is mounted
 * before there is anybody to look, and named in fstab where it is.
 */
const discoverable: readonly RawName[] = ['/boot', '/boot/efi', '/efi', '/home', '/srv', '/tmp', '/var', '/var/tmp'];
const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const fileBytesMax = 1_048_576;

/**
 * Whether a root says itself that something is mounted there: in /etc/fstab, or by a unit. Both are compared with what was
 * baked as any file is, so that whoever adds a line for a mount of theirs is told of by that.
 */
export function openExpectedMounts(root: RootPrefix, silent: SilentMounts = new Set()): (path: RawName) => boolean {
  const read = (path: RawName) => {
    refuseSilent(path, silent);
    return readBeneath(root, path, fileBytesMax);
  };
  let listed: ReadonlySet<RawName> | undefined;
  return (path) => {
    if (discoverable.includes(path)) return true;
    listed ??= fstabOf(read);
    return listed.has(path) || unitDirectories.some((directory) => isThere(read, `${directory}/${unitOf(path)}`));
  };
}

type Read = (path: RawName) => Buffer;

/** The mount points of fstab(5), where a blank is written as `\040`. */
function fstabOf(read: Read): ReadonlySet<RawName> {
  let text: string;
  try {
    text = read('/etc/fstab').toString('latin1');
  } catch {
    return new Set();
  }
  const points = text.split('\n').flatMap((line) => (/^\s*#/.test(line) ? [] : (line.trim().split(/\s+/)[1] ?? [])));
  return new Set(
    points.map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    ),
  );
}

/** `/var/my data` is `var-my\x20data.mount` (systemd.unit(5), string escaping). */
function unitOf(path: RawName): RawName {
  const escaped = path
    .slice(1)
    .replace(/[^A-Za-z0-9:_./]|^\./g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('/', '-');
  return `${escaped}.mount`;
}

function isThere(read: Read, path: RawName): boolean {
  try {
    read(path);
    return true;
  } catch (error) {
    // A unit may be a link to where it lies; what it leads to is compared too.
    return errnoOf(error) === 'ELOOP';
  }
}
