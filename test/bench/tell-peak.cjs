// Loaded into a program whose memory is measured: see program.ts.
const { readFileSync } = require('node:fs');

process.on('exit', () => {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  process.stderr.write(`\npeak ${peak}\n`);
});
