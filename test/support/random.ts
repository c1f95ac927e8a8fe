/** A seeded generator (mulberry32), so that a failing round can be run again. Print the seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [0, bound). */
  below(bound: number): number;
  pick<T>(items: readonly T[]): T;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { next, below, pick: (items) => items[below(items.length)]! };
}

/** `PRISTINE_TEST_SEED`, or one of today's. */
export function testSeed(): number {
  const seed = Number(process.env['PRISTINE_TEST_SEED'] ?? process.pid * 7919);
  console.log(`seed ${seed} (PRISTINE_TEST_SEED=${seed} repeats it)`);
  return seed;
}
