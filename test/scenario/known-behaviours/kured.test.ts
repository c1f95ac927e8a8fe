import { describe, expect, it } from 'vitest';
import { leaseMsMax } from '../../../server/replace/house.ts';
import { closedBy } from '../../../server/replace/windows.ts';
import { readLease } from '../../../server/store/lease-store.ts';
import { Policy } from '../../../shared/policy.ts';
import { aReplacementWorld } from '../../support/replacement-world.ts';
import { hasEnded } from './support.ts';

/** kubereboot/kured. */
describe('the window of reboots, as kured’s', () => {
  const isOpen = (windows: readonly Record<string, unknown>[], at: string) =>
    closedBy(Policy.parse({ kind: 'Policy', name: 'web', select: {}, windows }), 'drift', Date.parse(at)) === undefined;

  // pkg/timewindow/timewindow_test.go: TestTimeWindows, working hours in Los Angeles. There the last minute belongs to it; with us it is over.
  it.each([
    ['2019-04-04T08:59:59-07:00', false],
    ['2019-04-04T09:00:00-07:00', true],
    ['2019-04-04T16:59:59-07:00', true],
    ['2019-04-04T17:00:00-07:00', false],
    ['2019-04-05T16:00:00Z', true],
    ['2019-04-06T12:00:00-07:00', false],
  ])('at %s on working days from nine to five is %s', (at, expected) => {
    const windows = [{ allow: '0 9 * * 1-5', duration: '8h', timeZone: 'America/Los_Angeles' }];

    expect(isOpen(windows, at)).toBe(expected);
  });

  // pkg/timewindow/timewindow.go tests the day of the moment, so that the night after Friday needs Saturday too. With us it is Friday's.
  it.each([
    ['2026-01-02T21:59:59Z', false],
    ['2026-01-02T22:00:00Z', true],
    ['2026-01-03T01:59:59Z', true],
    ['2026-01-03T02:00:00Z', false],
    ['2026-01-03T22:30:00Z', false],
  ])('at %s on Fridays from ten at night for four hours is %s', (at, expected) => {
    expect(isOpen([{ allow: '0 22 * * 5', duration: '4h', timeZone: 'UTC' }], at)).toBe(expected);
  });
});

describe('the lock, as kured’s', () => {
  // pkg/daemonsetlock/daemonsetlock_test.go: a lock with a time to live is free after it. There, without one, a dead holder keeps it for ever.
  it('is free when its holder has died, after its time', async () => {
    const world = await aReplacementWorld();
    const [dead, next] = ['dead', 'next'].map((holder) => world.control({ lease: { holder, isAlone: false } }));
    await dead!.tick();
    await next!.tick();
    const before = await readLease(world.db, 'scheduler');

    world.clock.advance(leaseMsMax);
    await next!.tick();

    expect([before.holder, (await readLease(world.db, 'scheduler')).holder]).toEqual(['dead', 'next']);
  });

  // cmd/kured/main.go: it remembers whether a node was unschedulable before, and leaves that to whoever made it so.
  it('a machine that a person drained stays drained when its replacement fails', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    const { provider_id: providerId } = await world.db
      .selectFrom('instance')
      .select('provider_id')
      .where('id', '=', old!)
      .executeTakeFirstOrThrow();
    world.provider.set(providerId!, 'draining');
    await world.taint(old!);
    world.provider.faultOf = (call) => {
      if (call !== 'drain') return undefined;
      for (const { request, providerId: id } of world.provider.machines.values())
        if (request) world.provider.set(id, 'stopped');
      return undefined;
    };

    await world.until(world.control(), hasEnded(world));

    expect((await world.replacements())[0]?.state).toBe('failed');
    expect(world.provider.machines.get(providerId!)?.state).toBe('draining');
  });
});
