import { parentPort } from 'node:worker_threads';
import { observePaths } from './observe-paths.ts';
import type { ObserveRequest } from './observer-pool.ts';

// One thread of the pool. It ends by itself when it is told to, never in the middle of a call.
const port = parentPort;
port?.on('message', (message: ObserveRequest | 'end') => {
  if (message === 'end') port.close();
  else port.postMessage(observePaths(message));
});
