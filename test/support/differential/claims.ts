import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';

/** A change of a larger folder would leave little for the other sequences of a batch. */
const pathsBeneathMax = 20;

/** Draws paths of a tree of which none is inside another. */
export interface Claims {
  readonly draw: (random: Random, count: number) => readonly string[];
}

/** `kept` are paths that are never drawn, nor what is beneath or above them. */
export function claimsOf(root: string, kept: readonly string[]): Claims {
  const sizes = sizesBeneath(root);
  const drawable = [...sizes].filter(([, size]) => size <= pathsBeneathMax).map(([path]) => path);
  const taken = [...kept];
  const isFree = (path: string) =>
    taken.every((other) => path !== other && !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`));
  return {
    draw: (random, count) => {
      const drawn: string[] = [];
      while (drawn.length < count) {
        const path = random.pick(drawable);
        if (!isFree(path)) continue;
        taken.push(path);
        drawn.push(path);
      }
      return drawn;
    },
  };
}

/** Every path but those at the top, with how many are beneath it. */
function sizesBeneath(root: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const count = (path: string): number => {
    let size = 0;
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      const beneath = entry.isDirectory() ? count(child) : 0;
      if (path !== '') sizes.set(child, beneath);
      size += 1 + beneath;
    }
    return size;
  };
  count('');
  return sizes;
}
