import type { Hole, HoleReason } from '../../../shared/coverage.ts';
import { compareEntries, writeEntryLine } from '../../../shared/entry-line.ts';
import { type FactEntry, type FactOf, type FactSubject, factOf } from '../../../shared/fact.ts';
import { encodeRaw, type RawName } from '../../../shared/name.ts';
import { compilePattern, type Matcher } from '../../../shared/pattern.ts';
import type { Root, RootStat } from '../root.ts';
import { errnoOf } from '../system-path.ts';
import { boundFact, boundFiles } from './bound-fact.ts';

/**
 * What a root says about one subject. Works on bytes as latin1 strings, one character a byte, as paths are; what it
 * yields is encoded by its caller. Parsers are functions of their own and see no root. A line that is not understood is
 * kept as it stands rather than left out: a change there must be seen. Secrets are redacted by the parser, which knows
 * what is a command: everybody may read a manifest, but not every file that it is about.
 */
export interface Collector<S extends FactSubject = FactSubject> {
  readonly subject: S;
  /** Patterns (`pattern.ts`) of what it reads: a hint about one of these collects the subject anew. */
  readonly reads: readonly string[];
  readonly collect: (reader: Reader) => Iterable<FactOf<S>>;
}

/** A root for one subject. What is absent says nothing; what cannot be read is a hole, which hides the whole subject. */
export interface Reader {
  /** The `ID` of os-release(5) as it was baked, `debian`: a later change of that file must not rename every package. */
  readonly distro: string;
  /**
   * A regular file as latin1, links resolved inside. Undefined where there is none, or it became a hole: as a directory,
   * a device and a file past `bytesMax` do, so that whoever may meet these asks `stat` first.
   */
  readonly text: (path: RawName, bytesMax?: number) => string | undefined;
  readonly bytes: (path: RawName, bytesMax?: number) => Buffer | undefined;
  /** The names in a directory, sorted by bytes; none where there is no directory. */
  readonly list: (path: RawName) => readonly RawName[];
  readonly stat: (path: RawName) => RootStat | undefined;
  /** Notes that a file was read and is not what it should be. */
  readonly unparseable: (path: RawName) => void;
}

/** Whether what is in a file or a directory matters, or only what `stat` tells. */
export type Ask = 'content' | 'attributes';

export interface Facts {
  /** In the order of a manifest. */
  readonly entries: readonly FactEntry[];
  readonly holes: readonly Hole[];
}

const bytesMaxDefault = 16 * 1_048_576;
/** So long a line of a manifest is refused when it is read. */
const lineCharsMax = 64 * 1024;

/** `distro` as the manifest's platform has it: `debian 12`. `onAsk` is told of every path before it is looked at, and how. */
export function collectFacts(
  root: Root,
  distro: string,
  collectors: readonly Collector[],
  onAsk: (collector: Collector, path: RawName, how: Ask) => void = () => undefined,
): Facts {
  const holes: Hole[] = [];
  const entries: FactEntry[] = [];
  for (const collector of collectors) {
    const { subject, collect } = collector;
    const reader = openReader(root, distro, subject, {
      onHole: (hole) => holes.push(hole),
      onAsk: (path, how) => onAsk(collector, path, how),
    });
    const found = new Map<string, FactEntry>();
    const add = openAdd(found);
    for (const raw of collect(reader)) {
      const fact = factOf(boundFact(raw) as FactOf<'package'>) as FactEntry;
      if (writeEntryLine(fact).length < lineCharsMax) add(fact);
      else holes.push({ subject, name: 'files' in fact ? fact.files[0]! : fact.name, reason: 'unparseable' });
    }
    for (const entry of found.values()) entries.push(entry);
  }
  return { entries: entries.sort(compareEntries), holes };
}

/** Whether a collector reads anything at or beneath a path. What it reads through links is left to the sweeps. */
export function readsAt(collector: Collector, path: RawName): boolean {
  if (path === '/') return true;
  let matchers = matchersOf.get(collector);
  if (matchers === undefined) {
    matchers = collector.reads.flatMap(selfAndAbovePatterns).map(compilePattern);
    matchersOf.set(collector, matchers);
  }
  return matchers.some((matches) => matches(path));
}

const matchersOf = new WeakMap<Collector, readonly Matcher[]>();

function selfAndAbovePatterns(pattern: string): readonly string[] {
  const segments = pattern.slice(1).split('/');
  return segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
}

/** Said twice alike, it is one fact of both files. Said differently, the later one is told apart by its number. */
function openAdd(found: Map<string, FactEntry>): (fact: FactEntry) => void {
  /** Of a name that was said more than once: by what it says, the name it got. */
  const said = new Map<string, Map<string, string>>();
  return (fact) => {
    const first = found.get(fact.name);
    if (first === undefined) return void found.set(fact.name, fact);
    const names = said.get(fact.name) ?? new Map([[contentOf(first), fact.name]]);
    said.set(fact.name, names);
    const content = contentOf(fact);
    const known = names.get(content);
    if (known !== undefined && 'files' in fact) return void found.set(known, withFiles(found.get(known)!, fact));
    let number = names.size + 1;
    while (found.has(`${fact.name} #${number}`)) number++;
    const name = `${fact.name} #${number}`;
    found.set(name, { ...fact, name });
    names.set(known === undefined ? content : `${content} #${number}`, name);
  };
}

function contentOf(fact: FactEntry): string {
  return writeEntryLine('files' in fact ? { ...fact, files: [] } : fact);
}

function withFiles(before: FactEntry, after: FactEntry): FactEntry {
  if (!('files' in before && 'files' in after)) return before;
  return { ...before, files: boundFiles([...new Set([...before.files, ...after.files])].sort()) };
}

function openReader(
  root: Root,
  distro: string,
  subject: FactSubject,
  { onHole, onAsk }: { readonly onHole: (hole: Hole) => void; readonly onAsk: (path: RawName, how: Ask) => void },
): Reader {
  const hole = (path: RawName, reason: HoleReason) => onHole({ subject, name: encodeRaw(path), reason });
  const attempt = <T>(path: RawName, how: Ask, look: () => T): T | undefined => {
    onAsk(path, how);
    try {
      return look();
    } catch (error) {
      const reason = reasonOf(errnoOf(error));
      if (reason !== undefined) hole(path, reason);
      return undefined;
    }
  };
  const bytes = (path: RawName, bytesMax = bytesMaxDefault) =>
    attempt(path, 'content', () => root.read(path, bytesMax));
  return {
    distro: distro.split(' ')[0]!,
    bytes,
    text: (path, bytesMax) => bytes(path, bytesMax)?.toString('latin1'),
    list: (path) => attempt(path, 'content', () => root.list(path)) ?? [],
    stat: (path) => attempt(path, 'attributes', () => root.stat(path)),
    unparseable: (path) => hole(path, 'unparseable'),
  };
}

/** Undefined: nothing is there. */
export function reasonOf(errno: string): HoleReason | undefined {
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return undefined;
    case 'EACCES':
    case 'EPERM':
      return 'unreadable';
    case 'EFBIG':
    case 'EINVAL':
    case 'ELOOP':
      return 'unparseable';
    default:
      return 'io-error';
  }
}
