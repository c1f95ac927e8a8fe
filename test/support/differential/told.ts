import type { Finding } from '../../../shared/finding.ts';
import { bytesOfName } from '../tree-oracle.ts';

/** What a tool says of one path. A set holds what differs, in Pristine's words. */
export type Told = 'added' | 'removed' | ReadonlySet<string>;
/** By path, as text. */
export type Telling = ReadonlyMap<string, Told>;

/** Another program that says what has changed, and how much of it it knows. */
export interface Peer {
  readonly name: string;
  /** Whether it notices that this path was not there. */
  readonly seesAdded: (path: string) => boolean;
  /** Whether it notices that this path is gone. */
  readonly seesRemoved: (path: string) => boolean;
  /** The attributes of this path that it knows as well as Pristine does. */
  readonly knows: (path: string) => ReadonlySet<string>;
  /** Looks at the tree as it is now. */
  readonly look: () => Telling;
}

export interface Disagreement {
  readonly path: string;
  readonly peer: string;
  readonly pristine: string;
  readonly said: string;
}

export function pristineTelling(findings: readonly Finding[]): Telling {
  const files = findings.filter(({ subject }) => subject === 'file');
  return new Map(
    files.map(({ name, change, attributes }) => [
      bytesOfName(name).toString(),
      change === 'modified' ? new Set(attributes) : change,
    ]),
  );
}

/** Path by path, of all that either names, on what both know. */
export function disagreements(pristine: Telling, peer: Peer, said: Telling): readonly Disagreement[] {
  const paths = [...new Set([...pristine.keys(), ...said.keys()])];
  return paths.flatMap((path) => {
    const ours = commonPart(pristine.get(path), path, peer);
    const theirs = commonPart(said.get(path), path, peer);
    return ours === theirs ? [] : [{ path, peer: peer.name, pristine: ours, said: theirs }];
  });
}

/** Where the type has changed, that is all that is told: the attributes of another type are no news. */
export function commonPart(told: Told | undefined, path: string, peer: Peer): string {
  if (told === undefined) return '';
  if (told === 'added') return peer.seesAdded(path) ? told : '';
  if (told === 'removed') return peer.seesRemoved(path) ? told : '';
  const known = peer.knows(path);
  if (told.has('type')) return known.has('type') ? 'type' : '';
  return [...told]
    .filter((attribute) => known.has(attribute))
    .toSorted()
    .join(',');
}
