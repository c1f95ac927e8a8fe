import { type Program, timeOf } from './program.ts';

/**
 * Medians in milliseconds by name. The programs take turns, so that whatever else the machine does meets all of them;
 * a first round, which only warms the cache, does not count. `before` comes before each run and takes no time of it.
 */
export async function compareTimes(
  programs: readonly Program[],
  rounds: number,
  before: () => void = () => undefined,
): Promise<Map<string, number>> {
  const times = new Map(programs.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const program of programs) {
      before();
      const ms = await timeOf(program);
      if (round > 0) times.get(program.name)?.push(ms);
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
