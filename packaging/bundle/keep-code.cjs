// Loaded into the agent when it is bundled: keeps what V8 has compiled of each file. See load.cjs.
const { readFileSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const vm = require('node:vm');

// The same code gives the same bytes, however fast, busy and large the machine is that bundles it: in one thread, started
// with a seed, and without what notes of a function how often garbage was collected since it ran, or how far it was and is
// to be compiled further. V8 refuses what was made with other flags than it has.
const usualFlags = [
  '--hash-seed=0',
  '--flush-bytecode',
  '--sparkplug',
  '--concurrent-recompilation',
  '--profile-guided-optimization',
];
os.availableParallelism = () => 1;

const scripts = new Map();

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.set(options.filename, this);
  }
};

process.on('exit', () => {
  const dir = process.env.PRISTINE_BUNDLE;
  const { digestOf } = require(join(dir, 'load.cjs'));
  for (const flag of usualFlags) setFlagsFromString(flag);
  for (const [name, script] of scripts) {
    const code = script.createCachedData();
    writeFileSync(join(dir, `${name}.code`), Buffer.concat([digestOf(readFileSync(join(dir, name)), code), code]));
  }
});
