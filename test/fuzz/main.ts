/**
 * npm run fuzz [-- --seconds N] [--only NAME] [--seed N] [--processes N]
 *
 * Each parser for so many seconds, a minute by default, on so many processes side by side. What breaks one is written to a
 * file, which belongs into `corpus/` once the parser is mended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../support/random.ts';
import { Broken, runTarget } from './run-target.ts';
import { type Target, targets } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 31)}` },
    processes: { type: 'string', default: '1' },
    /** For a child: the whole name of its one parser. */
    parser: { type: 'string' },
  },
});
const memoryMiBMax = 1_024;
const its = targets.find(({ name }) => name === options.parser);
if (its !== undefined) {
  if (!(await survives(its))) process.exitCode = 1;
} else {
  const names = targets.map(({ name }) => name);
  const chosen = names.filter((name) => options.only === undefined || name.includes(options.only));
  if (chosen.length === 0) {
    console.error(`no parser is called ${options.only}: ${names.join(', ')}`);
    process.exit(2);
  }
  console.log(`seed ${options.seed}: ${chosen.length} parsers, ${options.seconds} s each`);
  const broken = await runAll(chosen, Number(options.processes));
  console.log(broken.length > 0 ? `broken: ${broken.join(', ')}` : 'nothing broke');
  process.exitCode = broken.length > 0 ? 1 : 0;
}

/** Each parser in a process of its own, so that one's memory is not another's. Those that were no success. */
async function runAll(names: readonly string[], processes: number): Promise<readonly string[]> {
  const waiting = [...names];
  const broken: string[] = [];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const args = ['--parser', name, '--seconds', options.seconds, '--seed', options.seed];
      const child = spawn(process.execPath, [import.meta.filename, ...args], { stdio: 'inherit' });
      const [code] = await once(child, 'close');
      if (code !== 0) broken.push(name);
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return broken;
}

async function survives(target: Target): Promise<boolean> {
  const until = performance.now() + Number(options.seconds) * 1_000;
  const isDone = (executions: number) =>
    executions % 64 === 0 && (performance.now() > until || isTooLarge(target.name));
  try {
    const { executions, slowestMs } = await runTarget(target, seededRandom(Number(options.seed)), isDone);
    const counted = `${target.name.padEnd(30)} ${`${executions}`.padStart(10)} executions`;
    console.log(`${counted}, slowest ${slowestMs.toFixed(1)} ms`);
    return true;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const file = join(tmpdir(), `${target.name.replaceAll(' ', '-')}@${Date.now()}`);
    writeFileSync(file, error.input);
    console.log(`${error.message}\n  the input is in ${file}`);
    return false;
  }
}

function isTooLarge(name: string): boolean {
  const mib = process.memoryUsage().rss / 1_048_576;
  if (mib > memoryMiBMax) throw new Error(`${name}: ${Math.round(mib)} MiB of memory`);
  return false;
}
