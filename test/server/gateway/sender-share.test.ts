import { expect, it } from 'vitest';
import { charged, createSenderShare, createSenderShares } from '../../../server/gateway/sender-share.ts';
import type { Db } from '../../../server/store/database.ts';
import type { Transactions } from '../../../server/store/group-commit.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const limits = { bytesPerSecond: 2_048, burstBytes: 8_192, workMsPerSecond: 100, burstWorkMs: 200 };
const clock = createFakeClock();

it('lets a burst pass, and then what its rate allows', () => {
  const share = createSenderShare(limits, clock.monotonic);

  expect([share.take(8_192), share.take(2_048), share.take(2_048)]).toEqual([0, 1_000, 2_000]);
  clock.advance(2_000);
  expect(share.take(2_048)).toBe(1_000);
});

it('counts a small frame as a kibibyte', () => {
  const share = createSenderShare(limits, clock.monotonic);

  const waits = Array.from({ length: 10 }, () => share.take(1));

  expect(waits).toEqual([...Array(8).fill(0), 500, 1_000]);
});

it('lets one wait whose reports take long, however small they are', () => {
  const share = createSenderShare(limits, clock.monotonic);
  share.spent(200);
  expect(share.take(1)).toBe(0);

  share.spent(50);

  expect(share.take(1)).toBe(500);
  clock.advance(500);
  expect(share.take(1)).toBe(0);
});

it('saves up no more than a burst', () => {
  const share = createSenderShare(limits, clock.monotonic);
  clock.advance(3_600_000);

  expect([share.take(8_192), share.take(1_024)]).toEqual([0, 500]);
});

it('goes with an instance to its next connection, and to no other', () => {
  const shares = createSenderShares(limits, clock.monotonic);
  shares.of('a').take(8_192);

  expect([shares.of('a').take(1_024), shares.of('b').take(1_024)]).toEqual([500, 0]);
});

it('counts the time that a message takes to be read, also of one that is none', () => {
  const share = createSenderShare(limits, clock.monotonic);
  const slow = () => {
    clock.advance(300);
    throw new Error('none');
  };

  expect(() => share.measured(slow)).toThrow('none');

  expect(share.take(1)).toBe(1_000);
});

it.each([
  ['in a group is charged its own time', false, 0],
  ['with a commit of its own is charged that too', true, 1_000],
])('work %s', async (_, isAlone, waitMs) => {
  const share = createSenderShare(limits, clock.monotonic);
  const committing: Transactions = {
    transaction: () => ({
      async execute(work) {
        const result = await work({} as Db);
        clock.advance(200);
        return result;
      },
    }),
  };
  const transactions = charged(committing, { share, isAlone, monotonic: clock.monotonic });

  await transactions.transaction().execute(async () => clock.advance(100));

  expect(share.take(1)).toBe(waitMs);
});
