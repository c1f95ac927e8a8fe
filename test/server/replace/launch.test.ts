import { describe, expect, it } from 'vitest';
import { launchInstances, resumeLaunches } from '../../../server/replace/launch.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { placeHold } from '../../../server/store/hold-store.ts';
import { openLaunches } from '../../../server/store/launch-store.ts';
import { redeemToken } from '../../../server/store/token-store.ts';
import { CodedError } from '../../../shared/errors.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aReplacementWorld } from '../../support/replacement-world.ts';

const asked = { count: 2, key: 'first' };

async function aLaunchHouse() {
  const { db, clock, provider } = await aReplacementWorld();
  const quiet = () => {};
  const log = { info: quiet, warn: quiet, error: quiet };
  return { db, clock, provider, log, providers: () => provider, serverUrl: () => 'ws://127.0.0.1:7420' };
}

describe('instances that a person launches', () => {
  it('are launched once for a key, however often it is asked', async () => {
    const house = await aLaunchHouse();

    const first = await launchInstances(house, 'web', asked, 'anna');
    const again = await launchInstances(house, 'web', asked, 'anna');

    expect(first.providerIds).toHaveLength(2);
    expect(again).toEqual(first);
    expect(house.provider.effects).toHaveLength(2);
  });

  it('can enrol although the reply of their launch was lost and a restart asked again', async () => {
    const house = await aLaunchHouse();
    house.provider.faultOf = (call, nth) => (call === 'launch' && nth === 1 ? 'after' : undefined);
    expect(await codeOfAsync(() => launchInstances(house, 'web', { ...asked, count: 1 }, 'anna'))).toBe('UNREACHABLE');

    await resumeLaunches(house);

    const [machine] = [...house.provider.machines.values()].filter(({ request }) => request !== null);
    const grant = await redeemToken(house.db, machine?.request?.joinToken ?? '', house.clock.now());
    expect(grant).toMatchObject({ group: 'web', providerId: machine?.providerId });
  });

  it('are forgotten where the provider will never make them', async () => {
    const house = await aLaunchHouse();
    const refusing = async () => {
      throw new CodedError('CONFIG', 'it has no such image');
    };
    const providers = () => ({ ...house.provider, launch: refusing });

    expect(
      await codeOfAsync(() => launchInstances({ ...house, providers }, 'web', { ...asked, count: 9 }, 'anna')),
    ).toBe('CONFIG');
    await resumeLaunches(house);

    expect(house.provider.effects).toEqual([]);
    expect(await house.db.selectFrom('join_token').selectAll().execute()).toEqual([]);
  });

  it('are told of once, with who asked', async () => {
    const house = await aLaunchHouse();
    await launchInstances(house, 'web', asked, 'anna');
    await launchInstances(house, 'web', asked, 'anna');

    const events = await readEvents(house.db, { afterId: 0, limit: 100 });
    const data = { image: 'web@7', key: 'first', count: 2, actor: 'anna' };
    expect(events.filter(({ type }) => type === 'launch.requested')).toMatchObject([{ group: 'web', data }]);
  });

  it('are not launched while everything is stopped, not even by a restart', async () => {
    const house = await aLaunchHouse();
    house.provider.faultOf = (call, nth) => (call === 'launch' && nth === 1 ? 'before' : undefined);
    expect(await codeOfAsync(() => launchInstances(house, 'web', { count: 1, key: 'lost' }, 'anna'))).toBe(
      'UNREACHABLE',
    );
    const stop = { scope: 'all' as const, target: null, reason: 'stop', author: 'bert', ms: null };
    await house.db.transaction().execute((tx) => placeHold(tx, stop, house.clock.now()));

    expect(await codeOfAsync(() => launchInstances(house, 'web', asked, 'anna'))).toBe('CONFLICT');
    await resumeLaunches(house);

    expect(house.provider.effects).toEqual([]);
    expect(await openLaunches(house.db)).toHaveLength(1);
  });

  it('are refused for a group that is not there', async () => {
    const house = await aLaunchHouse();

    expect(await codeOfAsync(() => launchInstances(house, 'nowhere', asked, 'anna'))).toBe('NOT_FOUND');
    expect(house.provider.effects).toEqual([]);
  });
});
