import { parentPort } from 'node:worker_threads';
import { observePath, type Tally } from './observe.ts';
import type { ObserveReply, ObserveRequest } from './observer-pool.ts';

// One thread of the pool. It is given a few paths in one string and answers with as many lines in one string: a message
// of two strings costs next to nothing, and neither a path nor a line can hold the separator.
const port = parentPort;
port?.on('message', ([id, root, paths]: ObserveRequest) => {
  const tally: Tally = { filesHashed: 0, bytesHashed: 0 };
  let lines = '';
  for (const item of paths.split('\0')) {
    lines += `${observePath(root, item.slice(1), item[0] === 'f', tally)}\n`;
  }
  port.postMessage([id, lines, tally.filesHashed, tally.bytesHashed] satisfies ObserveReply);
});
