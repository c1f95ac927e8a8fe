import { expect, it } from 'vitest';
import { createAttempts } from '../../../../server/intake/enrolment/attempts.ts';
import { createFakeClock } from '../../../support/fake-clock.ts';

const limits = { refusalsMax: 2, refusalsPerSecond: 1, neighbourhoodsMax: 2 };

it('lets a neighbourhood try again when its refusals are some time ago', () => {
  const clock = createFakeClock();
  const attempts = createAttempts(clock, limits);
  attempts.refused('10.0.0.1');
  attempts.refused('10.0.0.1');

  const before = [attempts.mayTry('10.0.0.1'), attempts.mayTry('10.0.0.2')];
  clock.advance(1_000);

  expect([...before, attempts.mayTry('10.0.0.1')]).toEqual([false, true, true]);
});

it('remembers so many neighbourhoods, and forgets the one that it has not heard for the longest', () => {
  const attempts = createAttempts(createFakeClock(), limits);
  for (const peer of ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.3']) attempts.refused(peer);

  expect(['10.0.0.1', '10.0.0.2'].map(attempts.mayTry)).toEqual([true, false]);
});
