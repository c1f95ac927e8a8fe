/**
 * npm run fuzz [-- --seconds N] [--only NAME] [--seed N]
 *
 * Each parser for so many seconds, a minute by default. What breaks one is written to a file, which belongs into `corpus/`
 * once the parser is mended.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../support/random.ts';
import { Broken, runTarget } from './run-target.ts';
import { targets } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 31)}` },
  },
});
const memoryMiBMax = 1_024;
const chosen = targets.filter(({ name }) => options.only === undefined || name.includes(options.only));
if (chosen.length === 0) {
  console.error(`no parser is called ${options.only}: ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
console.log(`seed ${options.seed}`);
let broken = 0;
for (const target of chosen) {
  const until = performance.now() + Number(options.seconds) * 1_000;
  try {
    const random = seededRandom(Number(options.seed));
    const isDone = (executions: number) =>
      executions % 64 === 0 && (performance.now() > until || isTooLarge(target.name));
    const { executions, slowestMs } = runTarget(target, random, isDone);
    console.log(
      `${target.name.padEnd(30)} ${`${executions}`.padStart(10)} executions, slowest ${slowestMs.toFixed(1)} ms`,
    );
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    broken++;
    const file = join(tmpdir(), `${target.name.replaceAll(' ', '-')}@${Date.now()}`);
    writeFileSync(file, error.input);
    console.log(`${error.message}\n  the input is in ${file}`);
  }
}
console.log(broken === 0 ? 'nothing broke' : `${broken} broke`);
process.exitCode = broken === 0 ? 0 : 1;

function isTooLarge(name: string): boolean {
  const mib = process.memoryUsage().rss / 1_048_576;
  if (mib > memoryMiBMax) throw new Error(`${name}: ${Math.round(mib)} MiB of memory`);
  return false;
}
