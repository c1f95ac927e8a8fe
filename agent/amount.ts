const units = { '': 1, K: 1_000, M: 1_000_000, G: 1_000_000_000 } as const;

/** `50M`, or `500000`: K, M and G are powers of 1,000. Undefined for anything else, and outside the bounds. */
export function parseAmount(
  text: string,
  { atLeast, atMost }: { readonly atLeast: number; readonly atMost: number },
): number | undefined {
  const match = /^(\d{1,12})([KMG]?)$/.exec(text);
  if (match === null) return undefined;
  const amount = Number(match[1]) * units[match[2] as keyof typeof units];
  return amount >= atLeast && amount <= atMost ? amount : undefined;
}
