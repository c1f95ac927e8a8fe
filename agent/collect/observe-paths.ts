import { observePath, type Tally } from './observe.ts';
import type { ObserveReply, ObserveRequest } from './observer-pool.ts';

/**
 * Answers a request of the pool, in whichever thread. A few paths come in one string and as many lines go back in one
 * string: a message of two strings costs next to nothing, and neither a path nor a line can hold the separator.
 */
export function observePaths([id, root, paths]: ObserveRequest): ObserveReply {
  const tally: Tally = { filesHashed: 0, bytesHashed: 0 };
  let lines = '';
  for (const item of paths.split('\0')) {
    if (root.stop?.[0] === 1) break;
    lines += `${observePath(root, item.slice(1), item[0] === 'f', tally)}\n`;
  }
  return [id, lines, tally.filesHashed, tally.bytesHashed];
}
