import { z } from 'zod';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Ten years. Added to a moment, much longer ones would leave what a timestamp can say. */
const durationMsMax = 3_650 * unitMs.d;

/** Milliseconds of `"90s"`, `"2m"`, `"14d"`, or of a bare `0`; undefined for anything else, and past `durationMsMax`. */
export function parseDuration(text: string | number): number | undefined {
  if (text === 0 || text === '0') return 0;
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(String(text));
  if (match === null) return undefined;
  const ms = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  return ms <= durationMsMax ? ms : undefined;
}

/** `2m` of 120000: the largest unit that divides. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms > 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return ms === 0 ? '0' : `${ms}ms`;
}

/** A duration as people write it, kept as written; a codec, so that what was parsed can be said again. Read it with `durationMs`. */
export const Duration = z.codec(
  z
    .union([z.string(), z.literal(0)])
    .refine(
      (text) => parseDuration(text) !== undefined,
      'expected a duration such as 90s, 2m, 4h, 14d or 0, at most 3650d',
    ),
  z.string(),
  { decode: String, encode: (text) => text },
);
export type Duration = string;

export function durationMs(duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === undefined) throw new TypeError(`not a parsed duration: ${duration}`);
  return ms;
}
