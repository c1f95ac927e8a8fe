import type { PolicyView } from '../../../shared/api.ts';
import type { Policy } from '../../../shared/policy.ts';
import type { Context } from '../context.ts';

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<PolicyView>('policies');
  if (json) return out.json(page);
  out.table(
    ['POLICY', 'GROUP', 'MODE', 'TRIGGERS', 'BUDGET', 'VERSION'],
    page.items.map(({ policy, version }) => [
      policy.name,
      policy.select.group ?? null,
      policy.mode,
      triggersOf(policy),
      budgetOf(policy),
      version,
    ]),
  );
}

export async function get({ remote, out, json }: Context, [name = '']: readonly string[]): Promise<void> {
  const view = await remote.get<PolicyView>(`policies/${encodeURIComponent(name)}`);
  if (json) return out.json(view);
  const { policy } = view;
  const { strategy } = policy;
  out.facts([
    ['policy', policy.name],
    ['version', `${view.version}, of ${view.updatedAt}`],
    ['selects', policy.select.group === undefined ? 'nothing' : `group ${policy.select.group}`],
    ['mode', policy.mode],
    ['triggers', triggersOf(policy)],
    ['budget', budgetOf(policy)],
    [
      'strategy',
      `${strategy.order}, drain ${strategy.drainTimeout}, verify within ${strategy.verifyWithin}, soak ${strategy.soak}`,
    ],
  ]);
}

function triggersOf(policy: Policy): string | null {
  const texts = policy.triggers.map((trigger) => {
    if ('drift' in trigger) return `drift of ${trigger.drift.severity} after ${trigger.drift.settle}`;
    return 'olderThan' in trigger ? `older than ${trigger.olderThan}` : 'outdated';
  });
  return texts.length === 0 ? null : texts.join(', ');
}

function budgetOf(policy: Policy): string {
  return policy.budgets.length === 0
    ? 'default (10%, at most 5)'
    : policy.budgets.map(({ max, triggers }) => (triggers ? `${max} for ${triggers.join(' and ')}` : max)).join(', ');
}
