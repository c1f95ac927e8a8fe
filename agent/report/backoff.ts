/** Full jitter: anywhere between nothing and an exponentially growing bound, so that a fleet does not come back at once. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** Half to one and a half of what the server said, and no longer than the bound: it may spread a fleet, not silence it. */
  around(ms: number): number;
  /** Near the bound, whatever the attempt: for refusals that retrying will not mend. */
  longest(): number;
  reset(): void;
}

export function createBackoff(
  limits: { readonly baseMs: number; readonly capMs: number },
  random = Math.random,
): Backoff {
  let attempt = 0;
  return {
    next() {
      const bound = Math.min(limits.capMs, limits.baseMs * 2 ** attempt);
      attempt = Math.min(attempt + 1, 30);
      return random() * bound;
    },
    around: (ms) => Math.min(limits.capMs, ms * (0.5 + random())),
    longest: () => limits.capMs * (0.75 + random() / 4),
    reset() {
      attempt = 0;
    },
  };
}
