import { describe, expect, it } from 'vitest';
import { launchInstances } from '../../server/replace/launch.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { aGroup } from '../support/builders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { aReplacementWorld, newMachineOf, type ReplacementWorld } from '../support/replacement-world.ts';
import { insertImage } from '../support/rows.ts';

async function aDriftedWorld(policy: Record<string, unknown> = {}): Promise<ReplacementWorld> {
  const world = await aReplacementWorld(policy);
  await world.taint(world.instances[0]!);
  return world;
}

/** What holds back the first instance. */
async function heldBy(world: ReplacementWorld, controller = world.control()): Promise<readonly string[]> {
  const { blocked } = await controller.plan('web');
  return blocked.flatMap(({ blockers }) => blockers.map(({ kind }) => kind));
}

const succeeds = (world: ReplacementWorld) => async () =>
  (await world.replacements()).some(({ state }) => state === 'succeeded');

describe('a provider that would launch something else', () => {
  it('has nothing begun until it would launch the promoted image', async () => {
    const world = await aDriftedWorld();
    const controller = world.control();
    world.provider.templateOf = () => 'web@6';
    await world.until(controller, async () => world.clock.now() > 0 && world.provider.calls.length > 10);

    const held = await heldBy(world, controller);
    expect([held, world.provider.effects, await world.replacements()]).toEqual([['template'], [], []]);

    world.provider.templateOf = (_group, image) => image ?? '';
    await world.until(controller, succeeds(world));
  });

  it('has nothing begun where it refuses, or does not answer', async () => {
    const refusing = await aDriftedWorld();
    refusing.provider.templateOf = () => {
      throw new CodedError('CONFIG', 'there is no such template');
    };
    const silent = await aDriftedWorld();
    silent.provider.faultOf = (call) => (call === 'preflight' ? 'before' : undefined);

    for (const world of [refusing, silent]) {
      const controller = world.control();
      await controller.tick();
      expect(await heldBy(world, controller)).toEqual(['template']);
      expect(world.provider.effects).toEqual([]);
    }
  });

  it('is not waited for beyond a moment', async () => {
    const world = await aDriftedWorld();
    world.provider.faultOf = (call) => (call === 'preflight' ? new Promise(() => {}) : undefined);
    const controller = world.control();

    const planned = heldBy(world, controller);
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.advance(1_000);

    expect(await planned).toEqual(['template']);
  });

  it('is asked once a minute, and once more for what is to begin', async () => {
    const world = await aDriftedWorld({ mode: 'observe' });
    for (const id of world.instances) await world.taint(id);
    const controller = world.control();

    for (let second = 0; second < 150; second += 1) {
      await controller.tick();
      world.clock.advance(1_000);
    }

    expect(world.provider.calls.filter((call) => call.startsWith('preflight'))).toHaveLength(3);
  });

  it('fails what was reserved when it changed its mind, with nothing touched', async () => {
    const world = await aDriftedWorld();
    let asked = 0;
    world.provider.templateOf = (_group, image) => {
      asked += 1;
      return asked === 1 ? (image ?? '') : 'web@6';
    };

    await world.until(world.control(), async () => (await world.replacements()).length > 0);

    expect(await world.replacements()).toMatchObject([{ state: 'failed' }]);
    expect(world.provider.effects).toEqual([]);
  });

  it('lets a replacement that was reserved wait for its answer, and then fail', async () => {
    const world = await aDriftedWorld();
    world.provider.faultOf = (call, nth) => (call === 'preflight' && nth > 1 ? 'before' : undefined);
    const controller = world.control();
    await controller.tick();
    const reserved = await world.replacements();

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

    expect(reserved).toMatchObject([{ state: 'reserved' }]);
    expect(world.provider.effects).toEqual([]);
  });

  it('has the old machine back where that was to go first', async () => {
    const strategy = { verifyWithin: '60s', drainTimeout: '30s', soak: '5s', order: 'terminate-first' };
    const world = await aDriftedWorld({ strategy });
    world.provider.templateOf = (_group, image) =>
      world.provider.effects.some((effect) => effect.startsWith('draining')) ? 'web@6' : (image ?? '');

    await world.until(world.control(), async () => (await world.replacements())[0]?.state === 'failed');

    expect(world.provider.effects.map((effect) => effect.split(' ')[0])).toEqual(['draining', 'running']);
  });
});

describe('a group whose template decides', () => {
  async function aTemplated(template: string): Promise<ReplacementWorld> {
    const world = await aDriftedWorld();
    const images = { stable: 'web@7', next: 'web@8' };
    await insertImage(world.db, { digest: digestOf('image web@8'), version: '8' });
    await applyDocument(world.db, aGroup({ images, imageSource: 'provider' }), timestamp(world.clock.now()));
    world.provider.templateOf = () => template;
    return world;
  }

  it('is replaced by what it launches, if the group promotes that', async () => {
    const world = await aTemplated('web@8');

    await world.until(world.control(), succeeds(world));

    const [replacement] = await world.replacements();
    expect(newMachineOf(world.provider, replacement!.id)?.request).toMatchObject({ image: 'web@8' });
  });

  it('is not replaced by what it does not promote, nor launches that for a person', async () => {
    const world = await aTemplated('web@6');
    const controller = world.control();
    await controller.tick();
    const quiet = { info: () => {}, warn: () => {}, error: () => {} };
    const { db, clock, provider } = world;
    const house = { db, clock, log: quiet, providers: () => provider, serverUrl: () => 'ws://127.0.0.1:7420' };

    expect(await heldBy(world, controller)).toEqual(['template']);
    expect(await codeOfAsync(() => launchInstances(house, 'web', { count: 1, key: 'one' }, 'anna'))).toBe('CONFLICT');
    expect(world.provider.effects).toEqual([]);
  });
});
