// Loaded into the bundle of the agent: tells of each of its files whether V8 takes what was compiled beforehand.
const { writeSync } = require('node:fs');
const vm = require('node:vm');

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const refused = this.cachedDataRejected;
    if (refused !== undefined) writeSync(2, `${refused ? 'refused' : 'accepted'}: ${options.filename}\n`);
  }
};
