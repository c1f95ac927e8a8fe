import type { Clock } from '../../shared/clock.ts';

/** Where callbacks note and a loop reads. Bounded: a put past `itemsMax` is refused, and the caller decides what that means. */
export interface Mailbox<T> {
  put(item: T): boolean;
  /** The next item, or undefined after `withinMs`. One reader at a time. */
  next(withinMs: number): Promise<T | undefined>;
}

export function createMailbox<T>(clock: Clock, itemsMax: number): Mailbox<T> {
  const items: T[] = [];
  let wake: (() => void) | undefined;
  return {
    put(item) {
      if (items.length >= itemsMax) return false;
      items.push(item);
      wake?.();
      return true;
    },
    async next(withinMs) {
      if (items.length === 0 && withinMs > 0) {
        const slept = new AbortController();
        const item = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([item, clock.sleep(withinMs, slept.signal).catch(() => undefined)]);
        slept.abort();
        wake = undefined;
      }
      return items.shift();
    },
  };
}
