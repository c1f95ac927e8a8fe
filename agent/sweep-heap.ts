export const expectedMemory = 'expected bytes of memory such as 256M (K, M, G are powers of 1,000), at least 64M';

const units = { '': 1, K: 1_000, M: 1_000_000, G: 1_000_000_000 } as const;

/** `256M` in bytes; undefined for anything else, and below 64 MB, with which no sweep of a whole system ends. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d{1,12})([KMG]?)$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * units[match[2] as keyof typeof units];
  return bytes >= 64_000_000 && bytes <= 1e12 ? bytes : undefined;
}

/** For a `node` whose heaps stay below that. Its code and its stacks come on top: some 50 MB. Nothing for `none`. */
export function heapArguments(sweepHeapMax = 'none'): readonly string[] {
  const bytes = parseMemory(sweepHeapMax);
  return bytes === undefined ? [] : [`--max-old-space-size=${Math.floor(bytes / 1_048_576)}`];
}
