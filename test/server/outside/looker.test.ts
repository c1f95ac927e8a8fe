import { describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { takeSnapshot } from '../../../server/replace/snapshot.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { aFinding } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import {
  aSweptWorld,
  bakedNames,
  bakedText,
  findingsOf,
  instanceOf,
  look,
  type OutsideWorld,
  obedient,
} from '../../support/outside-world.ts';
import { aReport } from '../../support/reports.ts';

const blind = () => new Map(bakedNames.map((name) => [name, bakedText]));

const judgeBy = async (world: OutsideWorld, rules: number) => {
  await world.db.updateTable('instance').set({ rules }).execute();
};

describe('an outside look', () => {
  it('agrees with a clean disk, asks nobody, and leaves no disk shown', async () => {
    const world = await aSweptWorld();

    const ended = await look(world);

    expect(ended).toMatchObject({
      outcome: 'agrees',
      result: { rounds: 1, measure: { verdict: 'in_sync', checked: 4 } },
    });
    expect(world.scans).toEqual([]);
    expect(world.provider.shown).toBe(0);
    expect(await findingsOf(world)).toEqual([]);
  });

  it('agrees with an agent that has told of everything', async () => {
    const world = await aSweptWorld();
    world.write('a', 'changed');
    world.agent.check();
    await world.agent.deliver();

    expect(await look(world)).toMatchObject({ outcome: 'agrees', result: { measure: { verdict: 'drifted' } } });
    expect(world.scans).toEqual([]);
  });

  it('lets an agent that has not told yet have its say', async () => {
    const world = await aSweptWorld();
    world.write('a', 'changed');

    const ended = await look(world);

    expect(ended).toMatchObject({ outcome: 'agrees', result: { rounds: 2, differencesCount: 0 } });
    expect(world.scans).toHaveLength(1);
    expect(await findingsOf(world)).toEqual([]);
  });

  it('accuses an agent that swept after it was asked, and did not tell what was there all the while', async () => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    world.write('a', 'changed');

    const ended = await look(world);

    expect(ended).toMatchObject({
      outcome: 'differs',
      result: { rounds: 2, differences: [{ name: '/a', told: 'untold', stands: true }] },
    });
    expect(await findingsOf(world)).toMatchObject([
      { name: '/a', severity: 'critical', rule: 'guard outside-look', closed_at: null },
    ]);
    expect(await instanceOf(world)).toMatchObject({ verdict: 'drifted', taint: { severity: 'critical' } });
    const types = (await readEvents(world.db, { afterId: 0, limit: 100 })).map(({ type }) => type);
    expect(types.slice(-4)).toEqual(['look.ended', 'drift.opened', 'instance.tainted', 'instance.verdict']);
  });

  it.each([
    ['added', (world: OutsideWorld) => world.write('new', 'planted')],
    ['removed', (world: OutsideWorld) => world.remove('b')],
  ])('accuses it of what was %s', async (change, alter) => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    alter(world);

    expect(await look(world)).toMatchObject({
      outcome: 'differs',
      result: { differences: [{ change, stands: true }] },
    });
  });

  it('is a cause to replace, by the trigger of any critical drift', async () => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    world.write('a', 'changed');
    await look(world);

    const sources = {
      db: world.db,
      machines: new Map(),
      isOnline: () => true,
      hasReported: () => true,
      evidenceTtlMs: 3_600_000,
    };
    const { groups } = await takeSnapshot(sources, world.clock.now());

    expect(groups.get('web')?.instances[0]).toMatchObject({
      taint: { severity: 'critical' },
      drifts: [{ severity: 'critical', heldUntil: null }],
    });
  });

  it('stays open whatever the agent tells, and is in no state digest', async () => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    world.write('a', 'changed');
    await look(world);
    const digest = (await instanceOf(world)).stateDigest;

    world.agent.sweep();
    await world.agent.deliver();

    expect(await findingsOf(world)).toMatchObject([{ closed_at: null }]);
    const after = await instanceOf(world);
    expect(after).toMatchObject({ verdict: 'drifted', stateDigest: digest });
    const forged = aReport({
      ...{ boot: 2, seq: after.seq + 1, image: world.imageDigest },
      opened: [aFinding({ subject: 'outside-look' })],
    });
    const intake = { db: world.db, now: world.clock.now(), evidenceTtlMs: 1 };
    expect(await codeOfAsync(() => applyReport(intake, world.instanceId, forged))).toBe('PROTOCOL');
  });

  it('closes when a later look agrees, and the taint stays', async () => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    world.write('a', 'changed');
    await look(world);
    world.write('a', bakedText);

    expect(await look(world)).toMatchObject({ outcome: 'agrees' });

    expect(await findingsOf(world)).toMatchObject([{ closed_at: expect.any(String) }]);
    expect(await instanceOf(world)).toMatchObject({ verdict: 'in_sync', taint: { severity: 'critical' } });
  });

  it.each<[string, (world: OutsideWorld) => void]>([
    ['fails', (world) => (world.provider.faultOf = (call) => (call === 'snapshot' ? 'before' : undefined))],
    ['is undecided', (world) => (world.agent.isOnline = false)],
  ])('does not close when a later look %s', async (_what, spoil) => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    world.write('a', 'changed');
    await look(world);
    world.write('b', 'changed too');
    spoil(world);

    const ended = await look(world);

    expect(['failed', 'undecided']).toContain(ended.outcome);
    expect(await findingsOf(world)).toMatchObject([{ closed_at: null }]);
  });
});

describe('what is no lie', () => {
  it('is undecided while the disk does not hold still', async () => {
    const world = await aSweptWorld();
    world.agent.sees = blind;
    let turn = 0;
    world.write('a', 'changed');

    const ended = await look(world, async () => {
      world.write('a', 'changed');
      turn += 1;
      await obedient(world)();
    });

    expect(turn).toBeGreaterThan(2);
    expect(ended).toMatchObject({ outcome: 'undecided', result: { rounds: 3, differences: [{ stands: false }] } });
    expect(await findingsOf(world)).toEqual([]);
    expect(await instanceOf(world)).toMatchObject({ verdict: 'unverifiable', taint: null });
  });

  it('is what the agent has told of since, and what has closed again', async () => {
    const world = await aSweptWorld();
    let told = false;
    world.write('a', 'changed');

    const ended = await look(world, async () => {
      if (world.agent.asked.length > 0 && !told) {
        told = true;
        world.agent.check();
        world.agent.sees = blind;
      }
      await obedient(world)();
    });

    expect(ended).toMatchObject({ outcome: 'agrees' });
    expect(await instanceOf(world)).toMatchObject({ taint: { severity: 'medium' } });
  });

  it('is not judged by a sweep that had begun before it was asked', async () => {
    const world = await aSweptWorld();
    world.agent.begin();
    world.write('a', 'changed');

    const ended = await look(world);

    expect(ended).toMatchObject({ outcome: 'agrees', result: { rounds: 2 } });
    expect(await findingsOf(world)).toEqual([]);
  });

  it('is where the agent told that it could not read', async () => {
    const world = await aSweptWorld();
    world.agent.holes = [{ subject: 'file', name: '/a', reason: 'unreadable' }];
    world.write('a', 'changed');
    world.agent.sweep();
    await world.agent.deliver();

    expect(await look(world)).toMatchObject({ outcome: 'undecided', result: { leftOut: 1, differencesCount: 0 } });
  });

  it('is what was judged by other rules than those of the agent', async () => {
    const world = await aSweptWorld({
      whileSweeping: async () => void (world.scans.length > 0 && (await judgeBy(world, 2))),
    });
    world.agent.sees = blind;
    world.write('a', 'changed');

    expect((await look(world)).outcome).not.toBe('differs');
    expect(world.scans).not.toEqual([]);
    expect(await findingsOf(world)).toEqual([]);
  });

  it('is the silence of an agent that is away', async () => {
    const world = await aSweptWorld();
    world.agent.isOnline = false;
    world.write('a', 'changed');

    expect(await look(world)).toMatchObject({ outcome: 'undecided', result: { differences: [{ stands: false }] } });
    expect(await findingsOf(world)).toEqual([]);
  });
});

it('does not take for silence that an agent was away for a moment, and may never have heard the question', async () => {
  const world = await aSweptWorld({ answerMsMax: 60_000 });
  world.write('a', 'changed');

  const ended = await look(world, async () => {
    world.agent.isOnline = world.agent.asked.length === 0 || !world.agent.isOnline;
  });

  expect(ended).toMatchObject({ outcome: 'undecided' });
  expect(await findingsOf(world)).toEqual([]);
});

describe('an agent that is blinded', () => {
  it('by a mount, and says so, is told apart from one that cannot read', async () => {
    const world = await aSweptWorld();
    world.agent.holes = [{ subject: 'file', name: '/a', reason: 'covered-by-mount' }];
    world.write('a', 'changed');

    expect(await look(world)).toMatchObject({ outcome: 'differs', result: { differences: [{ told: 'covered' }] } });
    expect(await instanceOf(world)).toMatchObject({ taint: { severity: 'critical' } });
  });

  it('by being stopped, while somebody keeps its connection, is found out by its silence', async () => {
    const world = await aSweptWorld({ answerMsMax: 60_000 });
    world.write('a', 'changed');

    expect(await look(world, async () => {})).toMatchObject({
      outcome: 'differs',
      result: { differences: [{ told: 'unanswered' }] },
    });
  });

  it('and answers with old reports, without the request, is found out too', async () => {
    const world = await aSweptWorld({ answerMsMax: 60_000 });
    world.agent.sees = blind;
    world.write('a', 'changed');

    const ended = await look(world, async () => {
      (world.agent.asked as string[]).length = 0;
      world.agent.sweep();
      await world.agent.deliver();
    });

    expect(ended).toMatchObject({
      outcome: 'differs',
      result: { differences: [{ told: 'unanswered', stands: true }] },
    });
  });
});

describe('a clean disk', () => {
  it('proves nothing where other rules came into force while it was looked at', async () => {
    const world = await aSweptWorld({ whileSweeping: () => judgeBy(world, 2) });

    expect((await look(world)).outcome).not.toBe('agrees');
  });

  it('proves nothing where nothing was looked at', async () => {
    const world = await aSweptWorld({
      sweep: (honest) => async (root, baseline, signal) => {
        const report = await honest(root, baseline, signal);
        return { ...report, coverage: { ...report.coverage, checked: 0 } };
      },
    });

    expect(await look(world)).toMatchObject({ outcome: 'undecided', result: { rounds: 1 } });
  });
});
