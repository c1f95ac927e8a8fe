import { describe, expect, it } from 'vitest';
import { contentOf } from '../../../server/fleet/content.ts';
import { currencyOf } from '../../../server/fleet/currency.ts';
import { livenessOf } from '../../../server/fleet/liveness.ts';
import { reconnectMsMax, silentAfterMs } from '../../../shared/protocol.ts';
import { aTime } from '../../support/builders.ts';

const now = Date.parse(aTime);

describe('contentOf', () => {
  it.each([
    ['in_sync while its evidence holds', 'in_sync', 999, 'in_sync'],
    ['unverifiable once it has expired', 'in_sync', 1_000, 'unverifiable'],
    ['in_sync when the clock was set back a little', 'in_sync', -999, 'in_sync'],
    ['unverifiable when the clock was set back so far that nobody knows its age', 'in_sync', -1_000, 'unverifiable'],
    ['drifted however old', 'drifted', 1_000_000, 'drifted'],
    ['unverifiable however fresh', 'unverifiable', 0, 'unverifiable'],
  ] as const)('is %s', (_, verdict, age, content) => {
    expect(contentOf({ verdict, scanFinishedAt: aTime, exemptUntil: null }, now + age, 1_000)).toBe(content);
  });

  it('is never in_sync without a scan', () => {
    expect(contentOf({ verdict: 'in_sync', scanFinishedAt: null, exemptUntil: null }, now, 1_000)).toBe('unverifiable');
  });
});

describe('livenessOf', () => {
  const longAgo = now - 100 * silentAfterMs;
  const server = { awakeAt: longAgo, now };

  it.each([
    ['online when heard of late', { heardAt: now - silentAfterMs }, server, 'online'],
    ['silent when not', { heardAt: now - silentAfterMs - 1 }, server, 'silent'],
    ['silent when never heard', { heardAt: undefined }, server, 'silent'],
    ['not silent while the server has just started', { heardAt: undefined }, { awakeAt: now, now }, 'online'],
    ['not silent while the server has just woken', { heardAt: longAgo }, { awakeAt: now, now }, 'online'],
    [
      'not silent while it may not have tried again yet, since the server has been away for long',
      { heardAt: undefined },
      { awakeAt: now - silentAfterMs - reconnectMsMax, now },
      'online',
    ],
    [
      'nor after a pause, in which its connection may have ended',
      { heardAt: now - silentAfterMs - reconnectMsMax - 1 },
      { awakeAt: now - silentAfterMs - reconnectMsMax, now },
      'online',
    ],
    [
      'silent when it has not come back after that',
      { heardAt: undefined },
      { awakeAt: now - silentAfterMs - reconnectMsMax - 1, now },
      'silent',
    ],
    ['absent when no agent ever spoke', undefined, server, 'absent'],
  ] as const)('is %s', (_, instance, at, liveness) => {
    expect(livenessOf(instance, at)).toBe(liveness);
  });
});

describe('currencyOf', () => {
  const image = { name: 'web', version: '7' };

  it.each([
    ['current when promoted by any channel', image, ['web@8', 'web@7'], 'current'],
    ['outdated when not promoted', image, ['web@8'], 'outdated'],
    ['current when nothing is promoted', image, [], 'current'],
    ['unknown when never pushed', null, ['web@8'], 'unknown'],
  ] as const)('is %s', (_, of, promoted, currency) => {
    expect(currencyOf({ image: of, promoted })).toBe(currency);
  });
});
