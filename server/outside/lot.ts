/** A group, and whether its turn is still to come. */
export interface Turn {
  readonly group: string;
  /** Asked for in this window by lot, failed ones too. */
  readonly tried: number;
  /** One of them was made, or may still be. */
  readonly isMade: boolean;
}

/** A provider that cannot show a disk is not asked all day. */
export const triesMax = 3;

/** When, in milliseconds since the epoch, a window of so many began. */
export function windowStart(now: number, everyMs: number): number {
  return now - (((now % everyMs) + everyMs) % everyMs);
}

/**
 * When a group's turn is: at a moment of what is left of the window that nobody can foretell, since whoever knew it could
 * mend his traces just before. Null when it has had it. `random` is in [0, 1). Pure.
 */
export function drawMoment(turn: Turn, now: number, everyMs: number, random: () => number): number | null {
  if (turn.isMade || turn.tried >= triesMax) return null;
  const end = windowStart(now, everyMs) + everyMs;
  return now + Math.floor(random() * (end - now));
}

/** One of those, each as likely as the other. Undefined of none. */
export function drawOne<T>(some: readonly T[], random: () => number): T | undefined {
  return some[Math.floor(random() * some.length)];
}
