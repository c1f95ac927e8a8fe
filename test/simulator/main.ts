import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

/**
 * `npm run simulate`: the real engine of replacements through worlds that seeds make. `-- --seeds N` how many, `--from S`
 * beginning with which; one that fails is repeated by `--from S --seeds 1`.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    'until-wrong': { type: 'boolean', default: false },
  },
});
const [count, from] = [Number(values.seeds), Number(values.from)];
const failed: number[] = [];
const sum = { begun: 0, succeeded: 0, crashes: 0 };
for (let seed = from; seed < from + count; seed++) {
  const { wrong, step, counts } = await simulate(seed);
  for (const key of ['begun', 'succeeded', 'crashes'] as const) sum[key] += counts[key];
  if (wrong.length > 0) {
    failed.push(seed);
    console.error(`seed ${seed}, step ${step}:\n  ${wrong.join('\n  ')}`);
    if (values['until-wrong']) break;
  }
  if ((seed - from) % 100 === 99) console.error(`${seed - from + 1} of ${count}: ${JSON.stringify(sum)}`);
}
console.log(
  `${count} seeds: ${failed.length} failed${failed.length > 0 ? ` (${failed.slice(0, 20).join(' ')})` : ''}; ${JSON.stringify(sum)}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
