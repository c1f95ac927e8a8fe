import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anOutsideWorld, bakedNames, bakedText, findingsOf, type OutsideWorld } from '../../support/outside-world.ts';
import { type Random, seededRandom, testSeed } from '../../support/random.ts';

const rounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 60);
const names = [...bakedNames, 'new', 'other'];

/** Anything that a machine does to its disk, with contents that come back again and again. */
function churn(world: OutsideWorld, random: Random): void {
  const name = random.pick(names);
  const text = random.pick([bakedText, bakedText, 'one', 'two']);
  const kind = random.below(5);
  if (kind === 0) world.remove(name);
  else if (kind === 1) {
    const disk = world.provider.diskOf(world.providerId);
    writeFileSync(join(disk, '.draft'), text);
    renameSync(join(disk, '.draft'), join(disk, name));
  } else world.write(name, text);
}

interface Habits {
  /** In one of so many turns it does anything at all. */
  readonly lazy: number;
  /** It has watchers. */
  readonly checks: boolean;
  readonly drops: boolean;
}

/** What an agent may do at any time: look late, look long, and tell late, but tell what it saw in the order it saw it. */
async function live({ agent }: OutsideWorld, random: Random, { lazy, checks, drops }: Habits): Promise<void> {
  if (random.below(lazy) > 0) return;
  const what = random.below(8);
  if (what <= 1) agent.begin();
  else if (what === 2) agent.sweep();
  else if (what <= 4 && checks) agent.check();
  else if (what === 5 && drops) agent.isOnline = !agent.isOnline;
  else if (agent.isOnline) await agent.deliver(1 + random.below(2));
}

describe('seeded rounds of churn', () => {
  it('never accuse an honest agent, whatever is in flight', async () => {
    const seed = testSeed();
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      const random = seededRandom(seed + round);
      const pace = 1 + random.below(40);
      const habits = { lazy: 1 + random.below(20), checks: random.below(2) === 0, drops: random.below(3) === 0 };
      let world: OutsideWorld | undefined;
      const step = async () => {
        if (world === undefined) return;
        if (random.below(pace) === 0) churn(world, random);
        await live(world, random, habits);
      };
      world = await anOutsideWorld({ answerMsMax: 24 * 3_600_000, whileSweeping: step });
      world.agent.sweep();
      await world.agent.deliver();
      for (let changes = random.below(4); changes > 0; changes -= 1) churn(world, random);

      const look = await world.ended(await world.looker.ask(world.instanceId, 'requested'), step);

      outcomes[look.outcome ?? ''] = (outcomes[look.outcome ?? ''] ?? 0) + 1;
      expect([round, look.outcome, look.result.differences]).not.toMatchObject([round, 'differs']);
      expect(await findingsOf(world)).toEqual([]);
      await world.close();
    }
    console.log(`honest agents in churn: ${JSON.stringify(outcomes)} of ${rounds} looks`);
    expect(outcomes['differs']).toBeUndefined();
    expect(Object.keys(outcomes).length).toBeGreaterThan(1);
  }, 120_000);

  it('find out every blinded agent whose change stays, while all else moves', async () => {
    const seed = testSeed();
    const outcomes: Record<string, number> = {};
    const roundsBlind = Math.ceil(rounds / 3);
    for (let round = 0; round < roundsBlind; round += 1) {
      const random = seededRandom(seed + round);
      const world = await anOutsideWorld({ answerMsMax: 24 * 3_600_000 });
      world.agent.sees = () => {
        const seen = new Map(world.disk());
        seen.set('a', bakedText);
        return seen;
      };
      world.agent.sweep();
      await world.agent.deliver();
      world.write('a', 'hidden');

      const look = await world.ended(await world.looker.ask(world.instanceId, 'requested'), async () => {
        if (random.below(4) === 0) world.write(random.pick(['b', 'c']), random.pick([bakedText, 'one', 'two']));
        if (world.agent.asked.length > 0 || random.below(6) === 0) world.agent.sweep();
        await world.agent.deliver();
      });

      outcomes[look.outcome ?? ''] = (outcomes[look.outcome ?? ''] ?? 0) + 1;
      const stood = look.result.differences.filter(({ stands }) => stands).map(({ name }) => name);
      expect([round, stood]).toEqual([round, ['/a']]);
      await world.close();
    }
    console.log(`blinded agents: ${JSON.stringify(outcomes)} of ${roundsBlind} looks`);
  }, 120_000);
});
