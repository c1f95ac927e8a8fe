import { beforeEach, describe, expect, it } from 'vitest';
import type { FullSweep, SweepOf } from '../../agent/scan.ts';
import { createSweeps, type Sweeps } from '../../agent/sweeps.ts';
import { aCoverage, aTime } from '../support/builders.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const scan: FullSweep = {
  kind: 'sweep',
  startedAt: aTime,
  finishedAt: aTime,
  findings: [],
  coverage: aCoverage(),
};
const { signal } = new AbortController();
const looked: SweepOf[] = [];
let sweeps: Sweeps;

beforeEach(() => {
  looked.length = 0;
  const sweep = async (_: AbortSignal, of: SweepOf) => {
    looked.push(of);
    return scan;
  };
  sweeps = createSweeps({ sweep, clock: createFakeClock(), onEnd: () => {} });
});

async function sweepOnce() {
  sweeps.start(signal);
  await Promise.resolve();
  return sweeps.take();
}

describe('sweeps', () => {
  it('look at everything once, when somebody wants it, and else at what has changed', async () => {
    await sweepOnce();
    sweeps.wantEverything();
    await sweepOnce();
    await sweepOnce();

    expect(looked).toEqual(['changes', 'everything', 'changes']);
  });

  it('are stale where other rules came into force meanwhile, and not where that was before', async () => {
    sweeps.judgedAnew();
    sweeps.start(signal);
    await Promise.resolve();
    sweeps.judgedAnew();

    expect(sweeps.take()).toMatchObject({ isStale: true });
    expect(await sweepOnce()).toMatchObject({ isStale: false });
  });

  it('answer the last request that came before they began, until it is told', async () => {
    sweeps.wantEverything('first');
    sweeps.wantEverything();
    sweeps.start(signal);
    sweeps.wantEverything('second');
    await Promise.resolve();
    const { answers } = sweeps.take()!;
    expect(answers).toBe('first');

    sweeps.told(answers);
    expect(await sweepOnce()).toMatchObject({ answers: 'second' });
    expect(await sweepOnce()).toMatchObject({ answers: 'second' });

    sweeps.told('second');
    expect(await sweepOnce()).toMatchObject({ answers: undefined });
    expect(looked).toEqual(['everything', 'everything', 'changes', 'changes']);
  });

  it('are taken once, and not before they have ended', async () => {
    sweeps.start(signal);
    expect(sweeps.take()).toBeUndefined();
    await Promise.resolve();

    expect(sweeps.take()).toMatchObject({ scan });
    expect(sweeps.take()).toBeUndefined();
  });
});
