/** What a sender may still send at once. Pure: time is an argument, in monotonic milliseconds. */
export interface TokenBucket {
  readonly bytes: number;
  readonly at: number;
}

/** No frame is cheaper than this, so that many small ones have a limit too. */
const frameBytesMin = 1_024;

/** Takes a frame out of the bucket. What it then lacks is how long to wait before the frame is looked at. */
export function takeFrame(
  bucket: TokenBucket,
  frameBytes: number,
  limits: { readonly bytesPerSecond: number; readonly burstBytes: number },
  now: number,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const refilled = bucket.bytes + ((now - bucket.at) / 1_000) * limits.bytesPerSecond;
  const bytes = Math.min(limits.burstBytes, refilled) - Math.max(frameBytes, frameBytesMin);
  return { bucket: { bytes, at: now }, waitMs: bytes >= 0 ? 0 : (-bytes / limits.bytesPerSecond) * 1_000 };
}
