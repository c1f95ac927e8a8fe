import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bakeSigned, type Keys, verify } from '../pristine-cli.ts';
import { type Random, seededRandom } from '../random.ts';
import type { Scratch } from '../scratch.ts';
import { claimsOf } from './claims.ts';
import { isOf, mutateTree, type Sequence } from './mutations.ts';
import { disagreements, type Peer, pristineTelling, type Telling } from './told.ts';

/** A baked tree that is as new again after each batch of changes, and the programs that look at it beside Pristine. */
export interface World {
  readonly root: string;
  readonly original: string;
  readonly peers: readonly Peer[];
  /** The tree as it was baked. */
  readonly renew: () => void;
  readonly look: () => Promise<Look>;
}

export interface Look {
  readonly pristine: Telling;
  readonly holes: number;
  readonly said: readonly { readonly peer: Peer; readonly telling: Telling }[];
}

export interface WorldOptions {
  readonly place: Scratch;
  readonly keys: Keys;
  readonly name: string;
  readonly original: string;
  /** A file of rules under which every difference counts. */
  readonly config: string;
  readonly peersOf: (root: string, folder: string) => readonly Peer[];
}

/** An overlay on a filesystem of its own, which knows ACLs, attributes and flags wherever the tests run. */
export async function aWorld({ place, keys, name, original, config, peersOf }: WorldOptions): Promise<World> {
  const folder = place.folder(name);
  const [disk, layers, root] = [join(folder, 'disk'), join(folder, 'layers'), join(folder, 'root')];
  execFileSync('truncate', ['-s', '2G', disk]);
  execFileSync('mkfs.ext4', ['-q', disk]);
  place.mount(['-o', 'loop', disk], layers);
  let layer = 0;
  const mount = () => {
    const [upper, work] = [join(layers, `upper-${layer}`), join(layers, `work-${layer}`)];
    mkdirSync(upper, { mode: 0o755 });
    mkdirSync(work);
    place.mount(['-t', 'overlay', '-o', `lowerdir=${original},upperdir=${upper},workdir=${work}`, 'overlay'], root);
    layer++;
  };
  mount();
  const manifest = join(folder, 'manifest');
  await bakeSigned({ root, out: manifest, key: keys.key, config });
  const peers = peersOf(root, folder);
  return {
    root,
    original,
    peers,
    renew: () => {
      place.unmount(root);
      mount();
    },
    look: async () => {
      const { report } = await verify({ root, manifest, pub: keys.pub });
      const said = peers.map((peer) => ({ peer, telling: peer.look() }));
      return { pristine: pristineTelling(report.findings), holes: report.coverage.holes.length, said };
    },
  };
}

/** What is not to be changed, or the programs themselves would be lost. */
const kept = ['/var/lib/dpkg', '/var/lib/rpm', '/etc/passwd', '/etc/group'];

/** Many sequences of changes at once, on paths of their own. */
export function changeAtRandom(world: World, random: Random, count: number): readonly Sequence[] {
  const claims = claimsOf(world.original, kept);
  // Each by a seed of its own, so that one more step in one does not change the next.
  return Array.from({ length: count }, () => seededRandom(random.below(2 ** 31))).map((own) =>
    mutateTree(own, world.root, world.original, claims.draw(own, 1 + own.below(3))),
  );
}

/** Each as a line: who says what of which path, and what was done there. */
export function disagreementsIn(look: Look, sequences: readonly Sequence[]): readonly string[] {
  return look.said.flatMap(({ peer, telling }) =>
    disagreements(look.pristine, peer, telling).map(({ path, pristine, said }) => {
      const done = sequences.find((sequence) => isOf(sequence, path))?.done ?? [];
      return `${path}: Pristine says [${pristine}], ${peer.name} [${said}], after: ${done.join('; ')}`;
    }),
  );
}
