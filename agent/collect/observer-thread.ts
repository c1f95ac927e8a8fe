import { parentPort } from 'node:worker_threads';
import { observePaths } from './observe-paths.ts';
import type { ObserveRequest } from './observer-pool.ts';

// One thread of the pool.
const port = parentPort;
port?.on('message', (request: ObserveRequest) => port.postMessage(observePaths(request)));
