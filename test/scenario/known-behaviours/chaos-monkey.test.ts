import { describe, expect, it } from 'vitest';
import { Policy } from '../../../shared/policy.ts';
import { aReplacementWorld } from '../../support/replacement-world.ts';
import { aPolicy, now } from '../../support/snapshot.ts';
import { blockedBy, hasEnded, healthy, plan, tainted } from './support.ts';

/** Netflix/chaosmonkey. */
describe('what stands between a plan and a kill, as in Chaos Monkey', () => {
  // config/monkey_test.go: disabled and leashed where nobody says otherwise.
  it('a policy only observes where nobody says otherwise', () => {
    expect(Policy.parse({ kind: 'Policy', name: 'web', select: { group: 'web' } }).mode).toBe('observe');
  });

  // term/terminate_test.go, outage.go: where it cannot be known whether there is an outage, nothing is killed.
  it('nothing is killed where the provider does not say what there is', () => {
    const { commands, blocked } = plan({ instances: [...tainted(1), ...healthy(9)], machines: null }, aPolicy());

    expect([commands, blockedBy(blocked)]).toEqual([[], [['provider']]]);
  });

  // mysql/no_kills_since_test.go, constrainer.go: kills of the time before count, whichever server made them.
  it('the starts of the last hour count, and those before do not', () => {
    const group = { instances: [...tainted(1), ...healthy(9)] };
    const startsAt = (at: number) =>
      plan(group, aPolicy({ budgets: [{ max: 1 }] }), { starts: Array.from({ length: 29 }, () => at) });

    expect(blockedBy(startsAt(now - 3_599_999).blocked)).toEqual([['start-rate']]);
    expect(startsAt(now - 3_600_000).commands).toHaveLength(1);
  });

  // term/terminator.go: it is recorded before it is done, so that a crash in between leaves a kill too many on record, and never too few.
  it('each call is on record before it is made', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    const made: string[] = [];
    const noting =
      (name: string, call: (...given: never[]) => Promise<never>) =>
      async (...given: never[]): Promise<never> => {
        const row = await world.db.selectFrom('replacement').select(['state', 'attempts']).executeTakeFirstOrThrow();
        made.push(`${name} in ${row.state}, on record ${row.attempts} times`);
        return call(...given);
      };
    const { provider } = world;
    const noted = Object.fromEntries(
      (['launch', 'drain', 'terminate'] as const).map((name) => [name, noting(name, provider[name] as never)]),
    );

    await world.until(world.control({ provider: { ...provider, ...noted } }), hasEnded(world));

    expect(made).toEqual([
      'launch in launching, on record 1 times',
      'drain in draining, on record 1 times',
      'terminate in terminating, on record 1 times',
    ]);
  });

  // mysql/checker_test.go: of two that check at the same time one records, and the other is told that it may not.
  it('of two servers that plan the same at the same time one acts', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    const servers = ['one', 'other'].map((holder) => world.control({ lease: { holder, isAlone: false } }));

    await Promise.all(servers.map((server) => server.tick()));
    await Promise.all(servers.map((server) => server.tick()));

    expect(await world.replacements()).toHaveLength(1);
    expect(world.provider.effects).toHaveLength(1);
  });
});
