import type { Random } from '../random.ts';

/** Something that a process does to a tree. Paths are latin1 of their bytes, within the root. */
export interface Operation {
  readonly do: OperationName;
  readonly path: string;
  /** Where a file or directory goes, what a link says, or what is written. */
  readonly to?: string;
  readonly number?: number;
}

export type OperationName = (typeof operationNames)[number];

export const operationNames = [
  ...([
    'create',
    'write',
    'append',
    'truncate',
    'write-mapped',
    'write-mapped-last',
    'replace',
    'chmod',
    'chown',
    'xattr',
  ] as const),
  ...(['rename', 'rename-over', 'exchange', 'rename-dir', 'rename-linked', 'link', 'symlink', 'unlink'] as const),
  ...(['mkdir', 'rmdir', 'rm-r', 'mkfifo', 'fill', 'pause'] as const),
] as const;

/** Takes a tree back to what it was. Not among those that are drawn by lot. */
export interface Renewal {
  readonly do: 'renew';
  readonly tree: readonly Planted[];
}

export interface Planted {
  readonly path: string;
  readonly kind: 'dir' | 'file' | 'symlink';
  /** Of a file, or what a link says. */
  readonly text?: string;
  readonly mode: number;
}

/** What a process is given to do: it ends by making a directory that nobody else makes, so that whoever hears of that has heard of all. */
export interface Order {
  readonly root: string;
  readonly operations: readonly (Operation | Renewal)[];
  readonly marker: string;
}

/** What came of it: the operations that were done, by their place in the order. */
export interface Answer {
  readonly done: readonly number[];
}

const invalidUtf8 = 'f\xff\x01';
const files = ['f1', 'f2', 'passwd', 'x', invalidUtf8] as const;
/**
 * Of files that have several names. Nobody takes these away: what was written to such a file by a name that is gone when somebody
 * looks is left to sweeps.
 */
const origins = ['origin-1', 'origin-2'] as const;
const linked = [...origins, 'linked-1', 'linked-2', 'linked-3'] as const;
const folders = ['a', 'a/b', 'a/b/c', 'etc', 'var/log', 'n', 'n/m', 'a/n', 'd\xfe'] as const;
const texts = ['as baked\n', 'changed\n', 'root:x:0:0:root:/root:/bin/sh\n', ''] as const;

/** What is there before anybody does anything. */
export const planted: readonly Planted[] = [
  ...['a', 'a/b', 'a/b/c', 'a/n', 'etc', 'var', 'var/log'].map((path) => ({ path, kind: 'dir' as const, mode: 0o755 })),
  ...['', 'a/', 'a/b/', 'a/b/c/', 'etc/', 'var/log/'].flatMap((folder) =>
    ['f1', 'f2', 'passwd', invalidUtf8].map((name) => ({
      path: `${folder}${name}`,
      kind: 'file' as const,
      text: texts[0],
      mode: 0o644,
    })),
  ),
  ...origins.map((path) => ({ path, kind: 'file' as const, text: texts[0], mode: 0o644 })),
  { path: 'a/link', kind: 'symlink', text: 'f1', mode: 0o777 },
];

/** As many as are wanted, few paths among many, so that several processes are often at the same one. */
export function drawOperations(random: Random, count: number, without: ReadonlySet<OperationName>): Operation[] {
  const names = operationNames.filter((name) => !without.has(name));
  return Array.from({ length: count }, () => draw(random, random.pick(names)));
}

function draw(random: Random, name: OperationName): Operation {
  const folder = () => random.pick(folders);
  const inFolder = (child: string) => (random.below(4) === 0 ? child : `${folder()}/${child}`);
  const file = () => inFolder(random.pick(files));
  switch (name) {
    case 'create':
    case 'replace':
      return { do: name, path: file(), to: random.pick(texts) };
    case 'write':
    case 'append':
    case 'write-mapped':
    case 'write-mapped-last':
      return { do: name, path: existing(), to: random.pick(texts) };
    case 'truncate':
      return { do: name, path: existing(), number: random.below(12) };
    case 'chmod':
      return { do: name, path: either(), number: random.pick([0o644, 0o600, 0o755, 0o4755]) };
    case 'chown':
      return { do: name, path: either(), number: random.below(3) };
    case 'xattr':
      return { do: name, path: either(), to: random.pick(['one', 'two', '']) };
    case 'rename':
    case 'rename-over':
    case 'exchange':
      return { do: name, path: file(), to: file() };
    case 'rename-linked':
    case 'link':
      return { do: name, path: random.pick(linked), to: random.pick(linked) };
    case 'rename-dir':
      return { do: name, path: folder(), to: folder() };
    case 'symlink':
      return { do: name, path: file(), to: random.pick(['f1', 'b', 'b/f2', 'nowhere']) };
    case 'unlink':
    case 'mkfifo':
      return { do: name, path: file() };
    case 'mkdir':
    case 'rmdir':
    case 'rm-r':
    case 'fill':
      return { do: name, path: folder(), number: 1 + random.below(3) };
    case 'pause':
      return { do: name, path: '', number: random.below(4) };
    default:
      return name satisfies never;
  }

  /** Rarely the root itself. */
  function either(): string {
    if (random.below(16) === 0) return '';
    return random.below(3) === 0 ? folder() : existing();
  }

  function existing(): string {
    return random.below(5) === 0 ? random.pick(linked) : file();
  }
}

export function printed({ do: name, path, to, number }: Operation): string {
  return [name, JSON.stringify(path), ...(to === undefined ? [] : [JSON.stringify(to)]), number ?? ''].join(' ').trim();
}
