import { describe, expect, it } from 'vitest';
import { createSlept } from '../../agent/slept.ts';

const [minute, hour] = [60_000, 3_600_000];

describe('a machine has slept', () => {
  it.each([
    ['when hours are gone and we have not lived them', 8 * hour, 20, true],
    ['not when we have waited as long', 8 * hour, 8 * hour, false],
    ['not when its clock is set right', 5 * minute, 20, false],
    ['not when its clock is set back', -8 * hour, 20, false],
  ])('%s', (_what, wallMs, livedMs, expected) => {
    const clock = { wall: 1_000_000, lived: 0, now: () => clock.wall, monotonic: () => clock.lived };
    const slept = createSlept(clock);

    clock.wall += wallMs;
    clock.lived += livedMs;

    expect([slept(), slept()]).toEqual([expected, false]);
  });
});
