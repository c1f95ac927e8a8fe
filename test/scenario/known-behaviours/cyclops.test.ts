import { describe, expect, it } from 'vitest';
import { Policy } from '../../../shared/policy.ts';
import { aReplacementWorld } from '../../support/replacement-world.ts';
import { anInstance, aPolicy, now } from '../../support/snapshot.ts';
import { blockedBy, hasEnded, healthy, plan } from './support.ts';

/** atlassian-labs/cyclops. */
describe('cycling a node, as Cyclops does', () => {
  // cmd/observer: what it sees must hold for two minutes before it asks for anything.
  it('drift is two minutes old before anything comes of it, where nobody says otherwise', () => {
    const { triggers } = Policy.parse({
      kind: 'Policy',
      name: 'web',
      select: { group: 'web' },
      triggers: [{ drift: {} }],
    });
    const seen = (ms: number) => anInstance({ taint: { severity: 'high', since: now - ms } });
    const at = (ms: number) => plan({ instances: [seen(ms), ...healthy(9)] }, aPolicy({ triggers }));

    expect(blockedBy(at(119_999).blocked)).toEqual([['settle']]);
    expect(at(120_000).commands).toHaveLength(1);
  });

  // pkg/controller/cyclenoderequest/transitioner/transitions_pending_test.go: a node that the cloud does not list is not cycled.
  it('a machine that its provider does not list is left alone', () => {
    const lost = anInstance({ taint: { severity: 'high', since: now - 600_000 } });
    const rest = healthy(9);
    const machines = rest.map(({ providerId }) => ({
      ...{ providerId: providerId!, launchKey: null, state: 'running' as const, drainedBy: null },
    }));

    const { commands, blocked } = plan({ instances: [lost, ...rest], machines }, aPolicy({ budgets: [{ max: 3 }] }));

    expect([commands, blockedBy(blocked)]).toEqual([[], [['provider']]]);
  });

  // pkg/controller/cyclenoderequest/transitioner/transitions.go, the healing phase; issue 75: a failed drain left nodes cordoned and detached.
  it('a drain that never ends is given up, its machine goes back to work, and the new one does not stay', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    world.provider.faultOf = (call) => (call === 'drain' ? 'after' : undefined);

    await world.until(world.control(), hasEnded(world));

    expect((await world.replacements()).map(({ state }) => state)).toEqual(['failed']);
    expect([...world.provider.machines.values()].map(({ state }) => state)).toEqual(
      Array.from({ length: 6 }, () => 'running'),
    );
  });

  // pkg/controller/cyclenoderequest/transitioner, pull request 139: a restart in the middle of a phase goes on where it was.
  it('a server that ends in the middle goes on where it was', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    world.agents = 'silent';
    await world.until(world.control(), async () => (await world.replacements())[0]?.state === 'verifying');
    world.agents = {};

    await world.until(world.control(), hasEnded(world));

    expect((await world.replacements()).map(({ state }) => state)).toEqual(['succeeded']);
    expect(world.provider.effects.filter((effect) => effect.startsWith('launch'))).toHaveLength(1);
  });
});
