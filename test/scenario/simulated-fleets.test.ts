import { expect, it } from 'vitest';
import { simulate } from '../simulator/simulate.ts';

/** `npm run simulate` makes ten thousand; here are some of them, and each that ever found a defect. */
const [from, count] = [1, 200];
const kept: readonly (readonly [number, string])[] = [
  [10, 'a plan was made of the moment before a provider answered, when a window was open yet'],
  [45, 'by a clock that was set back one scan was from before the soak and from after it'],
  [111, 'a clock was set back between the end of an instance and the soak of the next, and no proof could hold'],
];

it(`keeps its promises in the fleets of ${count} seeds`, { timeout: 600_000 }, async () => {
  for (let seed = from; seed < from + count; seed++) {
    const { wrong, step } = await simulate(seed);

    expect({ seed, step, wrong }).toEqual({ seed, step, wrong: [] });
  }
});

it.each(kept)('keeps them in that of seed %d: %s', { timeout: 60_000 }, async (seed) => {
  expect((await simulate(seed)).wrong).toEqual([]);
});

it('makes the same of the same seed', { timeout: 60_000 }, async () => {
  const [first, second] = [await simulate(3), await simulate(3)];

  expect(second).toEqual(first);
});
