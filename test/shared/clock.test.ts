import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../shared/clock.ts';

const dayMs = 86_400_000;

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sleeps longer than one timer can', async () => {
    let woken = false;
    void systemClock.sleep(60 * dayMs).then(() => {
      woken = true;
    });

    await vi.advanceTimersByTimeAsync(60 * dayMs - 1);
    expect(woken).toBe(false);

    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toBe(true);
  });

  it('leaves no timer behind when it is stopped', async () => {
    const stop = new AbortController();
    const sleep = systemClock.sleep(60 * dayMs, stop.signal);
    stop.abort(new Error('enough'));

    await expect(sleep).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
  });
});
