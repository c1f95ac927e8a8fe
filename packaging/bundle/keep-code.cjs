// Loaded into the agent when it is bundled: keeps what V8 has compiled of each file, in the main thread and in others. See
// load.cjs.
const { writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');
const { parentPort } = require('node:worker_threads');

// Started with a seed, so that the same code gives the same bytes; V8 refuses what was made with other flags than it has.
setFlagsFromString('--hash-seed=0');

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    if (options?.filename !== undefined) scripts.set(options.filename, this);
  }
};

function keep() {
  for (const [filename, script] of scripts)
    writeFileSync(join(dirname(process.argv[1]), `${filename}.code`), script.createCachedData());
}

process.on('exit', keep);
// A thread that waits for work is torn down without a farewell.
parentPort?.on('message', () => setImmediate(keep));
