import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';

/** A few changes of a few paths that no other sequence touches, so that many sequences share one look at the tree. */
export interface Sequence {
  /** Paths, each with all that is beneath it, and with new neighbours whose names begin with its own and a tilde. */
  readonly claims: readonly string[];
  readonly done: readonly string[];
}

export function isOf({ claims }: Sequence, path: string): boolean {
  return claims.some((claim) => path === claim || path.startsWith(`${claim}/`) || path.startsWith(`${claim}~`));
}

/** Applies so many operations at random to the tree at `root`; `original` is the same tree, untouched. */
export function mutateTree(random: Random, root: string, original: string, claims: readonly string[]): Sequence {
  const done: string[] = [];
  for (let count = 1 + random.below(5); count > 0; count--) {
    const at = { random, root, original, claims, path: '', stats: undefined };
    const [name, act] = random.pick(Object.entries(operations));
    const path = random.pick(claims.flatMap((claim) => [claim, ...standing(root, claim)]));
    const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
    try {
      if (act({ ...at, path, stats }) !== false) done.push(`${name} ${path}`);
    } catch (error) {
      // What a flag forbids: it is a change that did not happen.
      if (!/EPERM|Operation not permitted/.test(`${error}`)) throw error;
      done.push(`${name} ${path} (not permitted)`);
    }
  }
  return { claims, done };
}

interface Place {
  readonly random: Random;
  readonly root: string;
  readonly original: string;
  readonly claims: readonly string[];
  readonly path: string;
  /** Undefined where nothing is any more. */
  readonly stats: Stats | undefined;
}

/** Each is false where it does not apply. */
const operations: Readonly<Record<string, (place: Place) => unknown>> = {
  content: (place) => isFile(place) && writeFileSync(at(place), `other ${place.random.next()}`),
  'content of the same size': (place) => {
    if (!isFile(place) || place.stats!.size === 0) return false;
    const bytes = readFileSync(at(place));
    const index = place.random.below(bytes.length);
    bytes[index] = bytes[index]! ^ 1;
    return writeFileSync(at(place), bytes);
  },
  append: (place) => isFile(place) && appendFileSync(at(place), 'more'),
  truncate: (place) => isFile(place) && truncateSync(at(place), Math.floor(place.stats!.size / 2)),
  chmod: (place) => place.stats && !place.stats.isSymbolicLink() && chmodSync(at(place), place.random.pick(modes)),
  chown: (place) => exists(place) && lchownSync(at(place), place.random.pick(owners), place.random.pick(owners)),
  // Not rename(2): an overlay refuses it for directories that come from below.
  rename: (place) => exists(place) && run('mv', '-T', '--', at(place), beside(place)),
  remove: (place) => exists(place) && remove(place),
  replace: (place) => {
    if (!exists(place)) return false;
    remove(place);
    return make(place, at(place));
  },
  add: (place) => make(place, place.stats?.isDirectory() ? join(at(place), newName(place)) : beside(place)),
  retarget: (place) => {
    if (!place.stats?.isSymbolicLink()) return false;
    const target = `${readlinkSync(at(place))}-not`;
    rmSync(at(place));
    return symlinkSync(target, at(place));
  },
  attribute: (place) => isPlain(place) && run('setfattr', '-n', 'user.note', '-v', newName(place), at(place)),
  capability: (place) =>
    isFile(place) && run('setcap', place.random.pick(['cap_net_raw=ep', 'cap_chown,cap_kill=ei']), at(place)),
  acl: (place) => isPlain(place) && run('setfacl', '-m', `u:${place.random.pick(owners)}:rx`, at(place)),
  'default acl': (place) => place.stats?.isDirectory() && run('setfacl', '-d', '-m', 'g:50:rwx', at(place)),
  immutable: (place) => isPlain(place) && run('chattr', '+i', at(place)),
  'append only': (place) => isPlain(place) && run('chattr', '+a', at(place)),
  'hard link': (place) => isFile(place) && linkSync(at(place), beside(place)),
  touch: (place) => exists(place) && lutimesSync(at(place), 1, place.random.below(1e9)),
  revert: (place) => {
    const claim = place.random.pick(place.claims);
    // It complains of links and devices, which have no flags.
    spawnSync('chattr', ['-R', '-f', '-ia', at({ ...place, path: claim })]);
    remove({ ...place, path: claim });
    run('cp', '-a', join(place.original, claim), join(place.root, claim));
  },
};

export const operationNames: readonly string[] = Object.keys(operations);

const modes = [0o600, 0o644, 0o755, 0o4755, 0o2755, 0o6711, 0o1777, 0o000] as const;
const owners = [0, 1, 1000, 65534] as const;
const names = [
  'new',
  ' blank ',
  'back\\slash',
  '\\x41',
  'accent-\u00e9',
  '$(x)',
  '[a]*?',
  '-rf',
  '"quoted"',
  '#',
  '=x',
];

function make({ random, ...place }: Place, path: string): void {
  const makers = [
    () => writeFileSync(path, `new ${random.next()}`, { mode: random.pick([0o644, 0o755]) }),
    () => {
      mkdirSync(path);
      writeFileSync(join(path, newName({ random, ...place })), 'inside');
    },
    () => symlinkSync(random.pick(['nowhere', '../nowhere', './\u00e9']), path),
    () => run('mkfifo', path),
    () => run('mknod', path, 'c', '1', `${1 + random.below(9)}`),
    () => run('mknod', path, 'b', '7', `${1 + random.below(9)}`),
  ];
  random.pick(makers)();
}

function remove(place: Place): void {
  rmSync(at(place), { recursive: true, force: true });
}

function at({ root, path }: Place): string {
  return join(root, path);
}

let made = 0;
function newName({ random }: Place): string {
  return `${random.pick(names)}${++made}`;
}

/** Beside the claim it belongs to, so that it is known whose it is. */
function beside(place: Place): string {
  return place.claims.includes(place.path) ? `${at(place)}~${newName(place)}` : `${at(place)}-${newName(place)}`;
}

function exists({ stats }: Place): boolean {
  return stats !== undefined;
}

function isFile({ stats }: Place): boolean {
  return stats?.isFile() === true;
}

/** Of those that may have attributes of users and flags. */
function isPlain({ stats }: Place): boolean {
  return stats?.isFile() === true || stats?.isDirectory() === true;
}

function standing(root: string, path: string): readonly string[] {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return [];
  return readdirSync(join(root, path))
    .sort()
    .map((name) => `${path}/${name}`)
    .flatMap((child) => [child, ...standing(root, child)]);
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
