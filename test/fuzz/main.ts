/**
 * npm run fuzz [-- --seconds N] [--only NAME] [--seed N] [--processes N]
 *
 * Each parser for so many seconds, a minute by default, on so many processes side by side. What breaks one is written to a
 * file, which belongs into `corpus/` once the parser is mended.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
    part: { type: 'string' },
  },
});
const memoryMiBMax = 1_024;
const chosen = targets.filter(({ name }) => options.only === undefined || name.includes(options.only));
if (chosen.length === 0) {
  console.error(`no parser is called ${options.only}: ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
if (options.part === undefined) {
  console.log(`seed ${options.seed}: ${chosen.length} parsers, ${options.seconds} s each`);
  const broken = await runParts(Number(options.processes));
  console.log(broken ? 'something broke' : 'nothing broke');
  process.exitCode = broken ? 1 : 0;
} else {
  const [part, of] = options.part.split('/').map(Number) as [number, number];
  for (const target of chosen.filter((_, index) => index % of === part)) {
    if (!(await survives(target))) process.exitCode = 1;
  }
}

/** Each part in a process of its own, so that one parser's memory is not another's. Whether any was not a success. */
async function runParts(count: number): Promise<boolean> {
  const passed = [
    '--seconds',
    options.seconds,
    '--seed',
    options.seed,
    ...(options.only ? ['--only', options.only] : []),
  ];
  const codes = await Promise.all(
    Array.from({ length: count }, (_, part) => {
      const args = [fileURLToPath(import.meta.url), ...passed, '--part', `${part}/${count}`];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      return new Promise<number | null>((resolve) => child.once('close', resolve));
    }),
  );
  return codes.some((code) => code !== 0);
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
