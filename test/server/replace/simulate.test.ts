import { expect, it } from 'vitest';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { planReplacements } from '../../../server/replace/planner.ts';
import { simulateNow } from '../../../server/replace/simulate.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const healthy = Array.from({ length: 300 }, () => anInstance());
const fleet = (tainted: number, group = aGroup()) =>
  aSnapshot([aGroupSnapshot({ group, instances: [...Array.from({ length: tainted }, () => aTainted()), ...healthy] })]);

it('plans as the live planner does with the policy stored', () => {
  const given = aPolicy({ budgets: [{ max: 2 }] });

  const { asWritten, enforced } = simulateNow(fleet(3), [aPolicy({ mode: 'observe' })], [given.policy], now);

  const live = planReplacements(fleet(3), [given], now);
  expect(asWritten.commands.map(({ cause }) => cause)).toEqual(live.commands.map(({ cause }) => cause));
  expect([asWritten.candidates, asWritten.commands.length]).toEqual([3, 2]);
  expect(asWritten.heldBack).toContainEqual({ kind: 'budget', instances: 1 });
  expect(enforced).toEqual({ ...asWritten, commands: expect.anything(), blocked: expect.anything() });
});

it('says of a policy that observes what it would do if it enforced', () => {
  const { asWritten, enforced } = simulateNow(fleet(1), [], [aPolicy({ mode: 'observe' }).policy], now);

  expect([asWritten.commands.length, asWritten.heldBack]).toEqual([0, [{ kind: 'observe', instances: 1 }]]);
  expect([enforced.commands.length, enforced.heldBack]).toEqual([1, []]);
});

it('keeps to the limits of the policies beside it, and tells of its own alone', () => {
  const beside = aPolicy({ name: 'careful', budgets: [{ max: 0 }] });

  const { enforced } = simulateNow(fleet(1), [beside], [aPolicy().policy], now);

  expect(enforced.heldBack).toEqual([{ kind: 'budget', instances: 1 }]);
  expect(enforced.blocked.map(({ policy }) => policy)).toEqual(['web']);
});

it('tells which breaker would open', () => {
  expect(simulateNow(fleet(150), [], [aPolicy().policy], now).enforced.trips).toHaveLength(1);
});

const never = [{ deny: '0 0 * * *', duration: '24h', timeZone: 'UTC' }];

it.each([
  ['never-matches', { select: { group: 'gone' } }],
  ['never-matches', { triggers: [] }],
  ['never-finishes', { budgets: [{ max: 0 }] }],
  ['never-finishes', { windows: never }],
  ['matches-everything', { triggers: [{ olderThan: '1h' }] }],
])('warns as the lint does: %s %j', (code, overrides) => {
  const { policy } = aPolicy(overrides);

  const { warnings } = simulateNow(fleet(1), [], [policy], now + 1);

  expect(warnings).toContainEqual(expect.stringMatching(new RegExp(`^policy web: .* \\(${code}\\)$`)));
});

it('warns of what the policies that are given together make of each other, and of nothing that they replace', () => {
  const [own, beside] = [aPolicy(), aPolicy({ name: 'careful', budgets: [{ max: 0 }] })];
  const told = (given: readonly VersionedPolicy[], stored: readonly VersionedPolicy[]) =>
    simulateNow(
      fleet(1),
      stored,
      given.map(({ policy }) => policy),
      now,
    ).warnings;

  expect(told([own, beside], [])).toContainEqual(expect.stringMatching(/^policy web: .*careful.*\(contradicts\)$/));
  expect(told([own], [beside])).toContainEqual(expect.stringContaining('(contradicts)'));
  expect(told([own, aPolicy({ name: 'careful' })], [beside])).toEqual([]);
});

it('warns where nobody declared the group stateless', () => {
  const { enforced, warnings } = simulateNow(fleet(1, aGroup({ stateless: false })), [], [aPolicy().policy], now);

  expect(warnings).toEqual([expect.stringContaining('stateless')]);
  expect(enforced.heldBack).toEqual([{ kind: 'not-stateless', instances: 1 }]);
});
