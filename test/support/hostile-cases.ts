/** Something that a tree may hold, or do, against whoever scans it; and the test that shows what comes of it. */
export interface HostileCase {
  readonly what: string;
  /** The file of the test, and its title. */
  readonly shown: readonly [file: string, title: string];
}

const live = 'system/live.system.test.ts';
const tree = 'system/hostile-tree.system.test.ts';
const own = 'system/hostile-cases.system.test.ts';
const holes = 'system/holes.system.test.ts';
const mounts = 'system/mounts.system.test.ts';
const moving = 'system/moving-files.system.test.ts';
const attributes = 'system/attributes.system.test.ts';
const quick = 'agent/quick-sweep.test.ts';
const listed = 'is listed as find, stat and sha256sum list it';
const byName = 'changed in every name is found by every name';

/** All that a scanner of files must survive. Never a crash, a hang or a silent "clean": a finding, or a hole with its reason. */
export const hostileCases: readonly HostileCase[] = [
  { what: 'a FIFO in a scanned directory', shown: [tree, listed] },
  { what: 'a device, such as /dev/zero', shown: [tree, listed] },
  { what: 'a socket', shown: [tree, listed] },
  {
    what: '/proc/kcore and other endless files',
    shown: [mounts, 'a pseudo filesystem at an unusual place is not entered: a hole, and no bake'],
  },
  {
    what: 'a filesystem that never answers',
    shown: ['system/silent-mount.system.test.ts', 'is a hole, and all else is measured'],
  },
  {
    what: 'a sparse file of 10 TB',
    shown: [own, 'a sparse file of 10 TB is not read: its size is compared, its content is a hole'],
  },
  { what: 'a file that grows while it is read', shown: [moving, 'a file %s while it is hashed is unstable'] },
  { what: 'a file that is truncated while it is read', shown: [moving, 'a file %s while it is hashed is unstable'] },
  {
    what: 'a file changed and restored while it is read',
    shown: ['agent/collect/observe.test.ts', 'reads a file anew that was written while it was hashed'],
  },
  { what: 'a forged time of change', shown: [quick, 'finds every change, whatever was done to hide it'] },
  {
    what: 'a forged ctime',
    shown: ['agent/check/look-again.test.ts', 'finds by lot a file whose stamp was forged'],
  },
  { what: 'a file swapped for a link', shown: [tree, 'where a file became a %s does not hang'] },
  {
    what: 'a directory swapped for a link',
    shown: [tree, 'that turns a directory into a link loses what was in it, and nothing outside is read'],
  },
  { what: 'a link to /etc/shadow', shown: [tree, listed] },
  { what: 'links in a circle', shown: ['agent/collect/walk.test.ts', 'does not follow links, loops or not'] },
  { what: 'a link to nothing', shown: [tree, listed] },
  { what: 'a link target of 4,095 bytes, or of control characters', shown: [tree, listed] },
  // Link counts are never compared: an image that was unpacked has others than the one that was baked.
  {
    what: 'a hard link of a setuid file elsewhere',
    shown: [own, 'a hard link of a setuid program is a critical finding at its new name'],
  },
  { what: 'a directory mounted in itself', shown: [mounts, 'a filesystem mounted into itself ends'] },
  {
    what: '10,000 directories in each other',
    shown: [own, 'ten thousand directories in each other are a hole below the thousandth, and all else is measured'],
  },
  {
    what: 'a directory of very many entries',
    shown: [own, 'a directory of more than a million names is a hole in bounded memory, and all else is measured'],
  },
  {
    what: 'paths longer than PATH_MAX',
    shown: [holes, 'directories deeper than PATH_MAX are reported as far as they go, with a hole where it ends'],
  },
  { what: 'a name that is no UTF-8', shown: [tree, byName] },
  { what: 'a name with a newline', shown: [tree, byName] },
  {
    what: 'a name that commands the terminal',
    shown: [tree, 'cannot speak to the terminal, neither as findings nor as errors'],
  },
  {
    what: 'a name that turns the direction of text',
    shown: [tree, 'cannot speak to the terminal, neither as findings nor as errors'],
  },
  { what: 'names that are equal once composed', shown: [tree, listed] },
  { what: 'names that differ in case only', shown: [tree, listed] },
  {
    what: 'a name that is HTML',
    shown: ['web/console.web.test.ts', 'has no inline script, no foreign address and nothing of Node in it'],
  },
  // Nothing of ours writes CSV. The name stays what it is.
  { what: 'a name that is a formula', shown: [tree, byName] },
  { what: 'a name such as __proto__', shown: [tree, byName] },
  { what: 'names such as "..." and "-rf"', shown: [tree, byName] },
  { what: 'a name of 255 blanks', shown: [tree, byName] },
  {
    what: 'a file that may not be read',
    shown: [holes, 'an unreadable file is a hole, and its attributes are still compared'],
  },
  {
    what: 'a disk that fails in the middle of a file',
    shown: [own, 'a disk that fails in the middle of a file makes a hole of it, and its attributes are still compared'],
  },
  {
    what: 'a program that runs from a deleted file',
    shown: [live, 'names a program that was deleted, and one that was replaced'],
  },
  { what: 'a program that runs from memory', shown: [live, 'names a program that never was a file'] },
  { what: 'a file that nobody baked', shown: ['system/debian-drift.system.test.ts', 'finds exactly: $what'] },
  { what: 'a file hidden under a mount', shown: [mounts, 'baked paths under an empty tmpfs are one hole'] },
  {
    what: 'a mount over a directory or a file',
    shown: [mounts, 'a bind mount over a single file is compared as that file'],
  },
  // Whoever sees another tree measures that tree. The coverage names each mount, that of an equal file too.
  {
    what: 'an agent in a mount namespace of its own',
    shown: [live, 'is a hole for who is in a mount namespace of its own'],
  },
  {
    what: 'NODE_OPTIONS and preloaded libraries',
    shown: [live, 'names what of an environment was to change our own process, which begins without'],
  },
  {
    what: 'a changed agent',
    shown: ['agent/check/verify.test.ts', 'finds what else lies beside its own files'],
  },
  { what: 'a setuid bit or a capability on unchanged content', shown: [attributes, 'tell of %s, and of nothing else'] },
  {
    what: 'an attribute that is huge or malformed',
    shown: ['agent/collect/xattrs.test.ts', 'stay as they are where they are not what their name promises'],
  },
  { what: 'an ACL that lets somebody write', shown: [attributes, 'tell of %s, and of nothing else'] },
  {
    what: 'events that are lost',
    shown: ['agent/check/dirty-set.test.ts', 'asks for a sweep past its bound, and is whole again after'],
  },
  {
    what: 'a broken database of dpkg',
    shown: ['agent/collect/packages/dpkg.test.ts', 'is a hole when it is broken, a directory or a FIFO'],
  },
  {
    what: 'a broken database of rpm',
    shown: ['agent/collect/packages/rpm-databases.test.ts', 'never throws or runs away, whatever bytes are changed'],
  },
  {
    what: 'a package database that claims all is well',
    shown: [own, 'a database of packages that was mended to fit counts for nothing'],
  },
];
