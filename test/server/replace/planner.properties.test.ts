import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetCap, membersOf, policyCap, startsPerHourMax } from '../../../server/replace/budget.ts';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { type Plan, planReplacements } from '../../../server/replace/planner.ts';
import type { ActiveReplacement, FleetSnapshot, GroupSnapshot } from '../../../server/replace/snapshot.ts';
import type { Cap } from '../../../shared/policy.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, now } from '../../support/snapshot.ts';

const runs = { numRuns: 400 };

/** So that many of the fleets have something to act on: a property about nothing holds always. */
const mostly = (value: boolean) => fc.constantFrom(...Array.from({ length: 12 }, () => value), !value);

const cap: fc.Arbitrary<Cap> = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const instance = fc.record({
  online: mostly(true),
  tainted: fc.constantFrom(null, null, null, 'low', 'medium', 'high', 'critical'),
  outdated: fc.boolean(),
  listed: fc.constantFrom(...Array.from({ length: 27 }, () => 'running'), 'stopped', 'draining', null),
  fresh: mostly(true),
  replacing: mostly(false),
  age: fc.integer({ min: 0, max: 10_000_000 }),
});
const group = fc.record({
  instances: fc.array(instance, { maxLength: 30 }),
  absent: fc.constantFrom(0, 0, 0, 1, 3),
  unreadable: mostly(false),
  latched: mostly(false),
  seen: mostly(true),
});
const policy = fc.record({
  group: fc.constantFrom('a', 'a', 'b', 'b', 'nobody', undefined),
  mode: fc.constantFrom('enforce', 'enforce', 'observe'),
  budget: fc.option(cap, { nil: undefined }),
  outdated: fc.boolean(),
});
const deny = fc
  .record({ hour: fc.integer({ min: 0, max: 23 }), hours: fc.integer({ min: 1, max: 24 }) })
  .map(({ hour, hours }) => ({ deny: `0 ${hour} * * *`, duration: `${hours}h`, timeZone: 'UTC' }));
const fleet = fc.record({
  a: group,
  b: group,
  bystanders: fc.constantFrom(0, 300, 1_000, 2_000),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
  starts: fc.constantFrom(0, 0, 5, 28, 29, 30, 31),
  soaked: fc.constantFrom(0, 2, 3, 3),
});
type Fleet = typeof fleet extends fc.Arbitrary<infer T> ? T : never;

describe('whatever the fleet', () => {
  it('never takes more out of service than every cap allows, whatever is out of it already', () => {
    let acted = 0;
    fc.assert(
      fc.property(fleet, (made) => {
        const { snapshot, policies } = build(made);

        const plan = planReplacements(snapshot, policies, now);

        const after = unavailableAfter(snapshot, plan);
        const before = unavailableAfter(snapshot, { ...plan, commands: [] });
        for (const { group: name, cause } of plan.commands) {
          const acting = policies.filter(({ policy: { mode, select } }) => mode === 'enforce' && select.group === name);
          for (const each of acting) {
            const cap = policyCap(each.policy, after.groups.get(name)!.size, cause.trigger);
            const was = counted(before.groups.get(name)!, cap, plan);
            expect(counted(after.groups.get(name)!, cap, plan)).toBeLessThanOrEqual(Math.max(cap, was));
          }
          const [cap, was] = [fleetCap(after.size), counted(before, fleetCap(after.size), plan)];
          expect(counted(after, cap, plan)).toBeLessThanOrEqual(Math.max(cap, was));
        }
        if (plan.commands.length > 0) acted += 1;
        expect(snapshot.starts.length + plan.commands.length).toBeLessThanOrEqual(
          Math.max(startsPerHourMax, snapshot.starts.length),
        );
        expect(new Set(plan.commands.map(({ instanceId }) => instanceId)).size).toBe(plan.commands.length);
      }),
      runs,
    );
    expect(acted).toBeGreaterThan(5);
  });

  it('permits no more when a budget is added or lowered', () => {
    fc.assert(
      fc.property(fleet, cap, (made, limit) => {
        const { snapshot, policies } = build(made);
        const before = planReplacements(snapshot, policies, now);
        const limiting = aPolicy({
          ...{ name: 'limiting', select: { group: 'a' }, mode: 'enforce', triggers: [] },
          budgets: [{ max: limit }],
        });

        const after = planReplacements(snapshot, [...policies, limiting], now);

        expect(inGroup(after, 'a')).toBeLessThanOrEqual(inGroup(before, 'a'));
      }),
      runs,
    );
  });

  it('permits no more when a window denies more, in one of its policies or in another one', () => {
    let held = 0;
    fc.assert(
      fc.property(fleet, deny, fc.boolean(), (made, window, isOwn) => {
        const { snapshot, policies } = build(made);
        const before = planReplacements(snapshot, policies, now);
        const limiting = aPolicy({
          name: 'limiting',
          select: { group: 'a' },
          mode: 'enforce',
          triggers: [],
          windows: [window],
        });
        const [first, ...rest] = policies;
        const own = { ...first!, policy: { ...first!.policy, windows: limiting.policy.windows } };

        const after = planReplacements(snapshot, isOwn ? [own, ...rest] : [...policies, limiting], now);

        const group = isOwn ? (own.policy.select.group ?? 'a') : 'a';
        expect(inGroup(after, group)).toBeLessThanOrEqual(inGroup(before, group));
        if (inGroup(after, group) < inGroup(before, group)) held += 1;
      }),
      runs,
    );
    expect(held).toBeGreaterThan(0);
  });

  it('does nothing for a selector that is empty, or names a group that is not there', () => {
    fc.assert(
      fc.property(fleet, fc.constantFrom(undefined, 'nobody', 'A', 'a '), (made, name) => {
        const { snapshot, policies } = build(made);
        const lost = policies.map((each) => ({
          ...each,
          policy: { ...each.policy, select: name === undefined ? {} : { group: name } },
        }));

        expect(planReplacements(snapshot, lost, now)).toMatchObject({ commands: [], blocked: [] });
      }),
      runs,
    );
  });

  it('touches nothing that no selector names', () => {
    fc.assert(
      fc.property(fleet, (made) => {
        const { snapshot, policies } = build(made);
        const selected = new Set(policies.map(({ policy: { select } }) => select.group));

        const { commands, blocked } = planReplacements(snapshot, policies, now);

        for (const each of [...commands, ...blocked]) expect(selected.has(each.group)).toBe(true);
      }),
      runs,
    );
  });

  it('starts nothing behind an open breaker, an unreadable provider or a policy that observes', () => {
    fc.assert(
      fc.property(fleet, (made) => {
        const { snapshot, policies } = build(made);

        const { commands, trips } = planReplacements(snapshot, policies, now);

        for (const command of commands) {
          const own = snapshot.groups.get(command.group)!;
          expect(own.breaker).toBeNull();
          expect(own.machines).not.toBeNull();
          expect(trips.map((trip) => trip.group)).not.toContain(command.group);
          expect(policies.find((each) => each.policy.name === command.policy)?.policy.mode).toBe('enforce');
          const replaced = own.instances.find(({ id }) => id === command.instanceId)!;
          expect(replaced.evidenceExpiresAt).toBeGreaterThan(now);
          expect(own.machines!.some(({ providerId }) => providerId === replaced.providerId)).toBe(true);
        }
      }),
      runs,
    );
  });

  it('replaces nothing that is being replaced, and answers each candidate with a command or its blockers', () => {
    fc.assert(
      fc.property(fleet, (made) => {
        const { snapshot, policies } = build(made);
        const active = new Set(snapshot.active.map(({ oldInstanceId }) => oldInstanceId));

        const { commands, blocked } = planReplacements(snapshot, policies, now);

        for (const { instanceId } of commands) expect(active.has(instanceId)).toBe(false);
        for (const { blockers } of blocked) expect(blockers.length).toBeGreaterThan(0);
      }),
      runs,
    );
  });
});

function inGroup({ commands }: Plan, name: string): number {
  return commands.filter(({ group }) => group === name).length;
}

function build(made: Fleet): { readonly snapshot: FleetSnapshot; readonly policies: readonly VersionedPolicy[] } {
  const active: ActiveReplacement[] = [];
  const groups = [groupOf('a', made.a, active), groupOf('b', made.b, active)];
  groups.push(bystandersOf(made.bystanders));
  const policies = made.policies.map(({ group: name, mode, budget, outdated }, index) =>
    aPolicy({
      name: `p${index}`,
      select: name === undefined ? {} : { group: name },
      mode,
      triggers: [{ drift: { severity: 'low', settle: 0 } }, ...(outdated ? [{ outdated: true }] : [])],
      budgets: budget === undefined ? [] : [{ max: budget }],
    }),
  );
  const starts = Array.from({ length: made.starts }, (_, index) => now - index * 1_000);
  const soaked = new Map(policies.map((each) => [each.policy.name, made.soaked]));
  return { snapshot: aSnapshot(groups, { active, starts, soaked }), policies };
}

function groupOf(name: string, made: Fleet['a'], active: ActiveReplacement[]): GroupSnapshot {
  const instances = made.instances.map((each, index) =>
    anInstance({
      id: `${name}-${index}`,
      online: each.online,
      lifecycle: each.replacing ? 'replacing' : 'active',
      taint: each.tainted === null ? null : { severity: each.tainted as 'low', since: now - each.age },
      image: { name: 'web', version: each.outdated ? '6' : '7', digest: 'sha256:' },
      evidenceExpiresAt: each.fresh ? now + 1 : now - 1,
    }),
  );
  const machines = made.instances.flatMap(({ listed }, index) =>
    listed === null
      ? []
      : [{ providerId: instances[index]!.providerId!, launchKey: null, state: listed as 'running', drainedBy: null }],
  );
  for (let index = 0; index < made.absent; index += 1) {
    machines.push({ providerId: `${name}-absent-${index}`, launchKey: null, state: 'running', drainedBy: null });
  }
  for (const [index, { replacing }] of made.instances.entries()) {
    if (!replacing) continue;
    const { id, providerId } = instances[index]!;
    active.push({
      ...{ id: `${id}-replacement`, group: name, policy: 'p0', state: 'verifying' },
      ...{ oldInstanceId: id, oldProviderId: providerId! },
    });
  }
  return aGroupSnapshot({
    group: aGroup({ name }),
    instances,
    machines: made.unreadable ? null : machines,
    breaker: made.latched ? { cause: 'latched', trippedAt: '2026-01-01T00:00:00.000Z' } : null,
    breakerResetAt: made.seen ? now : 0,
  });
}

/** They are only there so that the fleet is large. */
const crowd = Array.from({ length: 2_000 }, () => anInstance());
function bystandersOf(count: number): GroupSnapshot {
  return aGroupSnapshot({ group: aGroup({ name: 'bystanders' }), instances: crowd.slice(0, count) });
}

/** Counted anew from the snapshot and the commands, apart from the planner's own ledger. */
function unavailableAfter(snapshot: FleetSnapshot, plan: Plan) {
  const groups = new Map<string, { readonly size: number; readonly count: number; readonly quiet: number }>();
  let size = 0;
  let count = 0;
  let quiet = 0;
  for (const [name, each] of snapshot.groups) {
    const members = membersOf(snapshot, each);
    const own = plan.commands.filter((command) => command.group === name).map(({ instanceId }) => instanceId);
    const unavailable = new Set([...members.unavailable, ...own]).size;
    const silent = [...members.quiet].filter((id) => !own.includes(id)).length;
    groups.set(name, { size: members.size, count: unavailable, quiet: silent });
    size += members.size;
    count += unavailable;
    quiet += silent;
  }
  return { groups, size, count, quiet };
}

/** Agents that are only silent leave one slot to what is critical; else they count as all that is unavailable. */
function counted(
  { count, quiet }: { readonly count: number; readonly quiet: number },
  cap: number,
  plan: Plan,
): number {
  const isCritical = plan.commands.some(({ cause }) => cause.trigger === 'drift' && cause.severity === 'critical');
  return isCritical ? count - quiet + Math.min(quiet, Math.max(0, cap - 1)) : count;
}
