import { parentPort } from 'node:worker_threads';
import type { ScanRoot } from './observe.ts';
import { observePaths } from './observe-paths.ts';
import type { ThreadMessage } from './observer-pool.ts';

// One thread of the pool. It ends by itself when it is told to, never in the middle of a call.
const port = parentPort;
let root: ScanRoot;
port?.on('message', (message: ThreadMessage) => {
  if (message === 'end') port.close();
  else if ('fd' in message) root = message;
  else port.postMessage(observePaths(root, message));
});
