import { describe, expect, it } from 'vitest';
import { anInstance, aPolicy, now } from '../../support/snapshot.ts';
import { blockedBy, healthy, inProgress, plan, tainted } from './support.ts';

const all = aPolicy({ budgets: [{ max: '100%' }] });

/** kubernetes-sigs/cluster-api. */
describe('how much may be wrong, as MachineHealthCheck’s maxUnhealthy', () => {
  // internal/controllers/machinehealthcheck/machinehealthcheck_controller_test.go: TestIsAllowedRemediation and TestGetMaxUnhealthy, a percentage
  // rounded down. There everything may be unhealthy where nobody says otherwise; with us three in ten, and never fewer than two.
  it.each([
    [3, 2, true],
    [3, 3, false],
    [10, 3, true],
    [10, 4, false],
    [19, 5, true],
    [19, 6, false],
    [20, 6, true],
    [20, 7, false],
  ])('of %i machines %i tainted: may go on is %s', (size, count, mayGoOn) => {
    const { commands, trips } = plan({ instances: [...tainted(count), ...healthy(size - count)] }, all);

    expect([commands.length > 0, trips.length === 0]).toEqual([mayGoOn, mayGoOn]);
  });

  // The threshold is no limit of pace (cluster-api pull request 10712): below it all would go at once.
  it('it does not say how many go at once: a budget does', () => {
    expect(
      plan({ instances: [...tainted(5), ...healthy(15)] }, aPolicy({ budgets: [{ max: 1 }] })).commands,
    ).toHaveLength(1);
  });

  // openshift/machine-api-operator pull request 902: what was under repair counted as healthy, and a whole cluster could go.
  it('what is under repair is not healthy', () => {
    const { group, active } = inProgress(3, [...tainted(3), ...healthy(14)]);

    const { commands, blocked } = plan(group, aPolicy({ budgets: [{ max: 3 }] }), { active });

    expect([commands, blockedBy(blocked)]).toEqual([[], [['budget'], ['budget'], ['budget']]]);
  });
});

describe('a target’s health, as in MachineHealthCheck', () => {
  // internal/controllers/machinehealthcheck/machinehealthcheck_targets_test.go: whose state is not known yet is not remediated, and has a next time.
  it('one that was never looked at is not replaced', () => {
    const unseen = anInstance({ evidenceExpiresAt: null, taint: { severity: 'high', since: now - 600_000 } });

    expect(blockedBy(plan({ instances: [unseen, ...healthy(9)] }, all).blocked)).toEqual([['stale-evidence']]);
  });

  it('one that was seen only just now has a time when it is looked at again', () => {
    const policy = aPolicy({ triggers: [{ drift: { severity: 'low', settle: '15m' } }], budgets: [{ max: 1 }] });

    const [blocked] = plan({ instances: [...tainted(1), ...healthy(9)] }, policy).blocked;

    expect(blocked?.blockers).toMatchObject([{ kind: 'settle', until: new Date(now + 300_000).toISOString() }]);
  });
});

describe('trying again, as KubeadmControlPlane’s remediation', () => {
  // test/e2e/kcp_remediations.go and the strategy's retryPeriod: after a failure the next try has to wait, longer each time.
  it.each([
    [1, 60_000],
    [2, 120_000],
    [4, 480_000],
    [9, 3_600_000],
  ])('after %i failures in a row it waits %i ms', (count, ms) => {
    const at = (lastAt: number) =>
      plan(
        { instances: [...tainted(1), ...healthy(9)], failures: { count, lastAt } },
        aPolicy({ budgets: [{ max: 1 }] }),
      );

    expect(blockedBy(at(now - ms + 1).blocked)).toEqual([['retry-backoff']]);
    expect(at(now - ms).commands).toHaveLength(1);
  });
});
