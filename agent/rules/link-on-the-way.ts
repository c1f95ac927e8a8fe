import { posix } from 'node:path';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import type { Root, RootStat } from '../collect/root.ts';
import { selfAndAbove } from '../collect/scope.ts';
import type { ExplainedPath } from './explanation.ts';

const hopsMax = 40;

/** `/bin/bash` is `/usr/bin/bash` where `/bin` is a link: a scan follows none, so that only the second name was baked. */
export function linkOnTheWay(root: Root, path: RawName): ExplainedPath['link'] | undefined {
  const first = linkAbove(root, path);
  if (first === undefined) return undefined;
  let leadsTo = path;
  let link: typeof first | undefined = first;
  for (let hops = 0; link !== undefined && hops < hopsMax; hops++) {
    leadsTo = posix.join('/', posix.resolve(posix.dirname(link.at), link.target), leadsTo.slice(link.at.length));
    link = linkAbove(root, leadsTo);
  }
  return { at: encodeRaw(first.at), target: encodeRaw(first.target), leadsTo: encodeRaw(leadsTo) };
}

function linkAbove(root: Root, path: RawName): { readonly at: RawName; readonly target: RawName } | undefined {
  for (const at of [...selfAndAbove(path)].slice(1).reverse()) {
    const target = statOf(root, at)?.target;
    if (target !== undefined) return { at, target };
  }
  return undefined;
}

function statOf(root: Root, path: RawName): RootStat | undefined {
  try {
    return root.stat(path);
  } catch {
    return undefined;
  }
}
