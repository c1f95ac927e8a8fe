import { describe, expect, it } from 'vitest';
import type { Provider } from '../../server/provider/provider.ts';
import { leaseMsMax } from '../../server/replace/house.ts';
import type { Db } from '../../server/store/database.ts';
import { readLease, takeLease } from '../../server/store/lease-store.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const another = (holder: string) => ({ lease: { holder, isAlone: false } });
const holderOf = async ({ db }: ReplacementWorld) => (await readLease(db, 'scheduler')).holder;

describe('of two servers over one store', () => {
  it('one leads, and the other stands by, says so once, and does nothing', async () => {
    const world = await aReplacementWorld();
    const [first, second] = [world.control(another('first')), world.control(another('second'))];
    await first.tick();
    await world.taint(world.instances[0]!);

    for (let second_ = 0; second_ < 3; second_ += 1) await second.tick();

    expect([first.leads(), second.leads()]).toEqual([true, false]);
    expect(await world.replacements()).toEqual([]);
    expect(world.logged.filter((line) => line.includes('stands by'))).toHaveLength(1);
    expect((await second.plan('web')).commands).toHaveLength(1);
  });

  it('the other takes over when the first has not renewed its lease for so long, and not before', async () => {
    const world = await aReplacementWorld();
    const [first, second] = [world.control(another('first')), world.control(another('second'))];
    await first.tick();
    await second.tick();

    world.clock.advance(leaseMsMax - 1);
    await second.tick();
    expect(await holderOf(world)).toBe('first');
    world.clock.advance(1);
    expect(first.leads()).toBe(false);
    await second.tick();

    expect(await holderOf(world)).toBe('second');
    await first.tick();
    expect([first.leads(), second.leads()]).toEqual([false, true]);
  });

  it('the first keeps its lease as long as it renews it, whatever anybody does to a wall clock', async () => {
    const world = await aReplacementWorld();
    const [first, second] = [world.control(another('first')), world.control(another('second'))];
    await first.tick();
    for (const jump of [86_400_000, -2 * 86_400_000, 86_400_000]) {
      world.clock.jump(jump);
      for (let n = 0; n < 4; n += 1) {
        world.clock.advance(leaseMsMax / 3);
        await first.tick();
        await second.tick();
      }
    }

    expect(await readLease(world.db, 'scheduler')).toMatchObject({ holder: 'first', fence: 1 });
  });

  it('the other goes on at once where the first was stopped, and finishes what that began', async () => {
    const world = await aReplacementWorld();
    const [first, second] = [world.control(another('first')), world.control(another('second'))];
    await world.taint(world.instances[0]!);
    await first.tick();
    await second.tick();
    expect((await world.replacements()).map(({ state }) => state)).toEqual(['verifying']);

    await first.stop();
    await world.until(second, async () => (await world.replacements())[0]?.state === 'succeeded');

    expect(await readLease(world.db, 'scheduler')).toMatchObject({ holder: 'second', fence: 2 });
    expect(await world.replacements()).toHaveLength(1);
  });

  it('one that is alone by a lock waits for nobody who is dead', async () => {
    const world = await aReplacementWorld();
    await world.control(another('killed')).tick();

    await world.control({ lease: { holder: 'after', isAlone: true } }).tick();

    expect(await holderOf(world)).toBe('after');
  });

  it('renews its lease so seldom that it costs nothing', async () => {
    const world = await aReplacementWorld();
    const controller = world.control();
    for (let second = 0; second < 60; second += 1) {
      await controller.tick();
      world.clock.advance(1_000);
    }

    expect((await readLease(world.db, 'scheduler')).renewals).toBe(11);
  });
});

describe('a server that has lost its lease without knowing', () => {
  it('writes nothing and calls nobody any more, whenever it was', { timeout: 120_000 }, async () => {
    let stolen = 0;
    for (let nth = 1; ; nth += 1) {
      const world = await aReplacementWorld();
      await world.taint(world.instances[0]!);
      const thief = stealingAt(nth, world.db, world.provider);
      const controller = world.control(thief);
      const isOver = async () => thief.hasStolen() || (await world.replacements())[0]?.state === 'succeeded';
      await world.until(controller, isOver);
      if (!thief.hasStolen()) break;
      stolen += 1;
      const before = await dump(world);

      for (let second = 0; second < 5; second += 1) {
        await controller.tick();
        world.clock.advance(1_000);
      }

      expect(await dump(world), `stolen at moment ${nth}`).toEqual(thief.left());
      expect(before).toEqual(thief.left());
    }
    expect(stolen).toBeGreaterThan(20);
  });
});

/** At the n-th moment, before a transaction or while a call is under way, another server takes the lease. */
function stealingAt(nth: number, db: Db, provider: Provider) {
  let moment = 0;
  let left: unknown;
  const steal = async () => {
    moment += 1;
    if (moment !== nth) return;
    await takeLease(db, await readLease(db, 'scheduler'), 'thief', '');
    left = await dump({ db, provider: provider as ReplacementWorld['provider'] });
  };
  const transaction = () => ({
    async execute(work: never) {
      await steal();
      return db.transaction().execute(work);
    },
  });
  const slow =
    <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const result = await call(...given);
      await steal();
      return result;
    };
  return {
    db: Object.defineProperty(db.withTables(), 'transaction', { value: transaction }) as Db,
    provider: {
      ...provider,
      launch: slow(provider.launch),
      drain: slow(provider.drain),
      terminate: slow(provider.terminate),
    },
    hasStolen: () => moment >= nth,
    left: () => left,
  };
}

async function dump({ db, provider }: Pick<ReplacementWorld, 'db' | 'provider'>): Promise<unknown> {
  const tables = [
    'replacement',
    'replacement_step',
    'event',
    'instance',
    'launch',
    'join_token',
    'instance_group',
  ] as const;
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
  return { rows, effects: [...provider.effects] };
}
