import { describe, expect, it } from 'vitest';
import { createFootprint, Footprint } from '../../agent/footprint.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const config = { sweepBytesPerSecondMax: '50M', sweepCpuShareMax: '25%', sweepHeapMax: 'none' };

describe('the footprint', () => {
  it('is what was used since the start, and of late as a share of a core', () => {
    const clock = createFakeClock();
    let cpuSeconds = 1;
    const footprint = createFootprint(config, clock, () => ({ residentBytes: 7, cpuSeconds, sweepsCpuSeconds: 3 }));
    expect(footprint()).toMatchObject({ residentBytes: 7, cpuSeconds: 1, cpuShare: null, limits: config });

    clock.advance(15_000);
    cpuSeconds = 1.15;

    expect(footprint()).toMatchObject({ cpuSeconds: 1.15, cpuShare: 0.01, sweepsCpuSeconds: 3 });
  });

  it('says nothing new of a moment', () => {
    const clock = createFakeClock();
    let cpuSeconds = 0;
    const footprint = createFootprint(config, clock, () => ({ residentBytes: 7, cpuSeconds, sweepsCpuSeconds: null }));
    clock.advance(10_000);
    footprint();

    clock.advance(1);
    cpuSeconds = 5;

    expect(footprint().cpuShare).toBe(0);
  });

  it('can be measured here', () => {
    const measured = Footprint.parse(createFootprint(config, createFakeClock())());

    expect(measured.residentBytes).toBeGreaterThan(10_000_000);
    expect(measured.cpuSeconds).toBeGreaterThan(0);
    expect(measured.sweepsCpuSeconds).not.toBeNull();
  });
});
