const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `3 minutes`, of milliseconds: the largest unit that fits, rounded down. */
function spanOf(ms: number): string {
  const size = Math.abs(ms);
  for (const [unit, unitMs] of steps) {
    if (size >= unitMs) {
      const n = Math.floor(size / unitMs);
      return `${n} ${unit}${n === 1 ? '' : 's'}`;
    }
  }
  return 'a moment';
}

/** `3 minutes ago`, `in 2 hours`; the step between two readings is coarse, so the last seconds are `just now`. */
export function relative(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  if (Math.abs(ms) < 10_000) return 'just now';
  return ms < 0 ? `${spanOf(ms)} ago` : `in ${spanOf(ms)}`;
}

/** `2.41 s`, `1 min 05 s`: how long something took, exactly enough to compare. */
export function tookOf(fromTime: string, toTime: string): string {
  const ms = Date.parse(toTime) - Date.parse(fromTime);
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor((seconds % 3_600) / 60)).padStart(2, '0')} min`;
}

/** `2026-11-23 14:02:11 UTC` */
export function utc(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

/** `14:02:11.482`, in UTC. */
export function clockOf(time: string): string {
  return time.slice(11, 23);
}
