import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aReplacementWorld } from '../support/replacement-world.ts';

const changes = ['launch', 'drain', 'restore', 'terminate', 'recover', 'snapshot'];
const severity = fc.constantFrom(...Array.from({ length: 16 }, () => null), 'low', 'medium', 'high', 'critical');
const fleet = fc.record({
  tainted: fc.array(severity, { minLength: 6, maxLength: 6 }),
  max: fc.constantFrom(0, 1, 2, '50%'),
  mode: fc.constantFrom('enforce', 'enforce', 'observe'),
});

it('a plan changes nothing anywhere, and is what the next pass does', { timeout: 60_000 }, async () => {
  let acted = 0;
  await fc.assert(
    fc.asyncProperty(fleet, async ({ tainted, max, mode }) => {
      const world = await aReplacementWorld({ budgets: [{ max }], mode });
      for (const [n, grave] of tainted.entries()) if (grave !== null) await world.taint(world.instances[n]!, grave);
      const controller = world.control();
      const dump = async () => [
        await world.db.selectFrom('event').selectAll().execute(),
        await world.db.selectFrom('instance').selectAll().execute(),
        await world.db.selectFrom('lease').selectAll().execute(),
      ];
      const before = await dump();

      const { commands, blocked } = await controller.plan('web');

      expect(await dump()).toEqual(before);
      expect(world.provider.calls.filter((call) => changes.some((change) => call.startsWith(change)))).toEqual([]);
      await controller.tick();
      const begun = await world.db.selectFrom('replacement').select('old_instance_id').orderBy('id').execute();
      expect(begun.map((row) => row.old_instance_id)).toEqual(commands.map(({ instanceId }) => instanceId));
      const told = await world.db
        .selectFrom('event')
        .select('instance_id')
        .where('type', '=', 'replacement.blocked')
        .execute();
      expect(told.map((row) => row.instance_id).sort()).toEqual(blocked.map(({ instanceId }) => instanceId).sort());
      if (commands.length > 0) acted += 1;
    }),
    { numRuns: 40 },
  );
  expect(acted).toBeGreaterThan(5);
});
