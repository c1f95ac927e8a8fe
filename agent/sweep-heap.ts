import { parseAmount } from './amount.ts';

export const expectedMemory = 'expected bytes of memory such as 256M (K, M, G are powers of 1,000), at least 64M';

/** `256M` in bytes; undefined for anything else, and below 64 MB, with which no sweep of a whole system ends. */
export function parseMemory(text: string): number | undefined {
  return parseAmount(text, { atLeast: 64_000_000, atMost: 1e12 });
}

/** For a `node` whose heaps stay below that. Its code and its stacks come on top: some 50 MB. Nothing for `none`. */
export function heapArguments(sweepHeapMax = 'none'): readonly string[] {
  const bytes = parseMemory(sweepHeapMax);
  return bytes === undefined ? [] : [`--max-old-space-size=${Math.floor(bytes / 1_048_576)}`];
}
