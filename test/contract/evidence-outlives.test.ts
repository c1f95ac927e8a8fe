import { describe, expect, it } from 'vitest';
import { agendaLimits, sweepSpread } from '../../agent/agenda.ts';
import { AgentConfig } from '../../agent/config.ts';
import { sweepLimits } from '../../agent/sweep-child.ts';
import { Config } from '../../server/config.ts';
import { evidenceTtlMsDefault } from '../../server/fleet/content.ts';
import { durationMs } from '../../shared/duration.ts';

/** Agent and server know nothing of each other's settings: what one takes for granted of the other is held here. */
describe('what a sweep vouches for', () => {
  const { sweepEveryMs, sweepPutOffMsMax } = agendaLimits;
  const { sweepEvery } = AgentConfig.parse({ server: 'wss://x' });
  const { evidenceTtl } = Config.parse({});

  it('is by the same defaults, whoever writes them', () => {
    expect([durationMs(sweepEvery), durationMs(evidenceTtl)]).toEqual([sweepEveryMs, evidenceTtlMsDefault]);
  });

  it('lasts until the next has ended, at its latest and longest', () => {
    const latestMs = sweepEveryMs * (1 + sweepSpread) + sweepPutOffMsMax + sweepLimits.sweepMsMax;

    expect(evidenceTtlMsDefault).toBeGreaterThan(latestMs);
  });

  it('lasts over one that was lost, as long as sweeps take less than an hour', () => {
    expect(evidenceTtlMsDefault).toBeGreaterThan(2 * (sweepEveryMs * (1 + sweepSpread) + 3_600_000));
  });
});
