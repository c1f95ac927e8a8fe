/** What one may still take at once. Pure: time is an argument, in monotonic milliseconds. */
export interface TokenBucket {
  readonly tokens: number;
  readonly at: number;
}

export interface Share {
  readonly perSecond: number;
  readonly burst: number;
}

/** Takes so many tokens, also those that are not there yet. What is then lacking is how long to wait. */
export function takeTokens(
  bucket: TokenBucket,
  tokens: number,
  { perSecond, burst }: Share,
  now: number,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const refilled = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
  const left = refilled - tokens;
  return { bucket: { tokens: left, at: now }, waitMs: left >= 0 ? 0 : (-left / perSecond) * 1_000 };
}
