import { describe, expect, it } from 'vitest';
import { Policy } from '../../../shared/policy.ts';
import { aReplacementWorld, newMachineOf } from '../../support/replacement-world.ts';
import { anInstance, aPolicy, aTainted, now } from '../../support/snapshot.ts';
import { blockedBy, hasEnded, healthy, inProgress, plan, tainted } from './support.ts';

/** kubernetes-sigs/karpenter. */
describe('budgets, as Karpenter’s NodePool disruption budgets', () => {
  // pkg/apis/v1/nodepool_budgets_test.go: the allowed number is the least over all active budgets.
  it('the smallest of several holds', () => {
    const policy = aPolicy({ budgets: [{ max: 4 }, { max: '10%' }, { max: '100%' }] });

    expect(plan({ instances: [...tainted(5), ...healthy(25)] }, policy).commands).toHaveLength(3);
  });

  // pkg/apis/v1/nodepool_budgets_test.go, budgets with reasons. There a reason without a budget is without a limit: with us the default stays.
  it('one for another reason does not hold, and leaves the default in force', () => {
    const policy = aPolicy({ budgets: [{ max: 0, triggers: ['age'] }] });

    expect(plan({ instances: [...tainted(5), ...healthy(25)] }, policy).commands).toHaveLength(3);
  });

  // pkg/controllers/disruption/helpers.go: what cannot be parsed allows nothing.
  it.each(['101%', '-1%', 'ten', -1, 1.5])('one of %s is refused, and nothing is applied with it', (max) => {
    const document = { kind: 'Policy', name: 'web', select: { group: 'web' }, budgets: [{ max }] };

    expect(Policy.safeParse(document).success).toBe(false);
  });

  // pkg/controllers/disruption/drift_test.go: "should disrupt 3 nodes, taking into account commands in progress".
  it('two of ten on their way leave three of a budget of five', () => {
    const { group, active } = inProgress(2, [...tainted(8)]);

    expect(plan(group, aPolicy({ budgets: [{ max: 5 }] }), { active }).commands).toHaveLength(3);
  });

  // pkg/controllers/disruption/suite_test.go: "should not return a negative disruption value".
  it('more that are down than it allows are none too many', () => {
    const down = Array.from({ length: 4 }, () => anInstance({ online: false }));

    const { commands, blocked } = plan(
      { instances: [...tainted(1), ...down, ...healthy(5)] },
      aPolicy({ budgets: [{ max: '10%' }] }),
    );

    expect([commands, blockedBy(blocked)]).toEqual([[], [['budget']]]);
  });

  // pkg/controllers/disruption/suite_test.go: "should consider not ready nodes".
  it('what is not ready uses it, whoever made it so', () => {
    const down = [anInstance({ online: false })];
    const policy = aPolicy({ budgets: [{ max: 2 }] });

    expect(plan({ instances: [...tainted(2), ...down, ...healthy(6)] }, policy).commands).toHaveLength(1);
  });

  // pkg/controllers/node/health/suite_test.go: no repair at all where too many of a pool are unhealthy, small pools rounded up.
  it('too much drift at once is nothing that replacing mends', () => {
    const policy = aPolicy({ budgets: [{ max: '100%' }] });

    const [few, many] = [2, 3].map((count) => plan({ instances: [...tainted(count), ...healthy(6 - count)] }, policy));

    expect(few?.commands).toHaveLength(2);
    expect([many?.commands, many?.trips.length]).toEqual([[], 1]);
  });
});

describe('the order of drift, as Karpenter’s', () => {
  // pkg/controllers/disruption/drift_test.go: the one that drifted earliest goes first.
  it('the earliest goes first', () => {
    const since = (ms: number) => aTainted({ id: `since ${ms}`, taint: { severity: 'high', since: now - ms } });

    const { commands } = plan({ instances: [since(10), since(30), ...healthy(8)] }, aPolicy({ budgets: [{ max: 1 }] }));

    expect(commands.map(({ instanceId }) => instanceId)).toEqual(['since 30']);
  });
});

describe('a replacement, as in Karpenter’s disruption queue', () => {
  // pkg/controllers/disruption/queue_test.go: "should fully handle a command when replacements are initialized"; not before.
  it('the old one is not touched before the new one is ready', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    world.agents = 'silent';
    const controller = world.control();

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'verifying');
    await controller.tick();

    expect(world.provider.effects).toHaveLength(1);
    expect([...world.provider.machines.values()].every(({ state }) => state === 'running')).toBe(true);
  });

  // pkg/controllers/disruption/queue_test.go: a command that is not done in time is given up; drift_test.go: "should untaint nodes when drift replacement fails".
  it('one whose successor is not ready in time is given up, and the old one is in service as before', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.agents = 'silent';

    await world.until(world.control(), hasEnded(world));

    const [replacement] = await world.replacements();
    expect(replacement?.state).toBe('failed');
    expect(newMachineOf(world.provider, replacement!.id)).toBeUndefined();
    expect([...world.provider.machines.values()].map(({ state }) => state)).toEqual(
      Array.from({ length: 6 }, () => 'running'),
    );
  });

  // pkg/controllers/disruption/suite_test.go: "should remove taints from NodeClaims that were left tainted from a previous disruption action".
  it('a machine that a dead server left drained is given back by the next one', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    let isDead = false;
    world.provider.faultOf = (call) => {
      if (call === 'drain') isDead = true;
      return call === 'drain' ? 'after' : undefined;
    };
    await world.until(world.control(), async () => isDead);
    world.provider.faultOf = () => undefined;
    const at = '2026-01-01T00:10:00.000Z';
    await world.db
      .updateTable('instance')
      .set({ taint_at: null, taint_severity: null, verdict_at: at })
      .where('id', '=', old!)
      .execute();

    await world.until(world.control(), hasEnded(world));

    expect([...world.provider.machines.values()].map(({ state }) => state)).toEqual(
      Array.from({ length: 6 }, () => 'running'),
    );
  });
});
