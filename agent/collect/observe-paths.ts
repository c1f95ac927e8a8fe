import { newTally, observePath, type ScanRoot } from './observe.ts';
import type { ObserveReply, ObserveRequest } from './observer-pool.ts';
import { stampWords } from './stamp.ts';

/**
 * Answers a request of the pool, in whichever thread. A few paths come in one string and as many lines go back in one
 * string: a message of two strings costs next to nothing, and neither a path nor a line can hold the separator.
 */
export function observePaths(root: ScanRoot, [id, paths]: ObserveRequest): ObserveReply {
  const tally = newTally();
  const items = paths.split('\0');
  const stamps = root.stamps === true ? new Uint32Array(items.length * stampWords) : undefined;
  let lines = '';
  for (const [index, item] of items.entries()) {
    if (root.stop?.[0] === 1) break;
    const stamp = stamps && { words: stamps, at: index * stampWords };
    lines += `${observePath(root, item.slice(1), item[0] === 'f', tally, stamp)}\n`;
  }
  return [id, lines, tally, stamps];
}
