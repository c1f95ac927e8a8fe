import { expect, it } from 'vitest';
import { openAlikeBook } from '../../../server/replace/alike.ts';
import type { ReplacedDrift } from '../../../server/replace/snapshot.ts';
import { seededRandom, testSeed } from '../../support/random.ts';
import { aGroupSnapshot, aTainted, now } from '../../support/snapshot.ts';

const minuteMs = 60_000;
const rounds = 3_000;
const size = 20;

it('says the same whether it is asked for the first time or has counted before', () => {
  const random = seededRandom(testSeed());
  const shapes = Array.from({ length: 12 }, (_, n) => `modified file /${n}`);
  const some = () => [...new Set(Array.from({ length: 1 + random.below(2) }, () => random.pick(shapes)))];
  const book = openAlikeBook();
  let replaced: readonly ReplacedDrift[] = [];
  let [breakerResetAt, tripped] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const at = now + round * minuteMs;
    const one = { replacementId: `r${round}`, instanceId: `i${random.below(30)}`, at, shapes: some() };
    if (random.below(3) > 0) replaced = [...replaced, one];
    if (random.below(2) === 0) replaced = replaced.filter((old) => old.at > at - 6 * minuteMs);
    // As after a clock that was set back, or a record that is gone.
    if (random.below(50) === 0) replaced = replaced.filter(() => random.below(2) === 0).toReversed();
    if (random.below(20) === 0) breakerResetAt = at - random.below(5) * minuteMs;
    const instances = Array.from({ length: random.below(3) }, (_, n) =>
      aTainted({
        ...{ id: `i${random.below(10) + 10 * n}`, launchKey: `r-r${round - random.below(12)}` },
        taint: { severity: 'high', since: at },
        drifts: some().map((shape) => ({
          ...{ fingerprint: shape, shape, severity: 'high' as const, firstSeenAt: at },
          heldUntil: random.below(5) === 0 ? at + 1 : null,
        })),
      }),
    );
    const group = aGroupSnapshot({ instances, replaced, breakerResetAt });

    const cause = book(group, size, at);

    expect(cause, `round ${round}`).toBe(openAlikeBook()(group, size, at));
    if (cause !== undefined) tripped += 1;
  }
  expect(tripped).toBeGreaterThan(rounds / 20);
  expect(tripped).toBeLessThan(rounds * 0.9);
});
