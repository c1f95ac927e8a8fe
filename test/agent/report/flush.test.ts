import { describe, expect, it } from 'vitest';
import type { ConnectionState } from '../../../agent/report/connection.ts';
import { flush } from '../../../agent/report/flush.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

describe('the flush at the end', () => {
  it('waits until all is acked', async () => {
    const { view, turns, ended } = aFlush();
    await turns(3);
    view.spooled = 0;
    await turns(1);

    expect(await ended).toBe(0);
  });

  it('does not wait where there is nothing to deliver', async () => {
    const { ended } = aFlush({ spooled: 0 });

    expect(await ended).toBe(0);
  });

  it.each<ConnectionState>(['waiting', 'refused'])(
    'does not wait for a server that is not there: %s',
    async (state) => {
      const { ended } = aFlush({ connection: state });

      expect(await ended).toBe(2);
    },
  );

  it('ends at its bound, and says what is left', async () => {
    const { turns, ended } = aFlush();
    await turns(50);

    expect(await ended).toBe(2);
  });
});

function aFlush(overrides: { readonly spooled?: number; readonly connection?: ConnectionState } = {}) {
  const clock = createFakeClock();
  const view: { spooled: number; connection: ConnectionState } = { spooled: 2, connection: 'connected', ...overrides };
  const ended = flush(() => view, clock, 1_000);
  const turns = async (n: number) => {
    for (let turn = 0; turn < n; turn++) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { view, turns, ended };
}
