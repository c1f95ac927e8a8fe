// Runs what a thread that observes runs, on one request and in the main thread of a process: `run-observer.cjs ROOT`.
const { openSync } = require('node:fs');
const { join } = require('node:path');
const threads = require('node:worker_threads');

const [, , prefix] = process.argv;
let tell;
threads.parentPort = {
  on: (_, listener) => {
    tell = listener;
  },
  postMessage: () => undefined,
  close: () => undefined,
};
require(join(process.env.PRISTINE_BUNDLE, 'observer-thread.js'));
tell({ fd: openSync(prefix, 'r'), prefix, labels: false });
tell([0, ['-/', 'f/etc/passwd', 'f/usr/lib/large', '-/usr/bin/www', 'f/gone'].join('\0')]);
tell('end');
