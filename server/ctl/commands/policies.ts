import type { PolicyView } from '../../../shared/api.ts';
import type { Budget, Policy, Trigger } from '../../../shared/policy.ts';
import { selectorText } from '../../../shared/selector.ts';
import type { Context } from '../context.ts';

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<PolicyView>('policies');
  if (json) return out.json(page);
  out.table(
    ['POLICY', 'SELECTS', 'MODE', 'TRIGGERS', 'BUDGET', 'VERSION'],
    page.items.map(({ policy, version }) => [
      policy.name,
      selectorText(policy.select),
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
    ['selects', selectorText(policy.select)],
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
  return policy.triggers.map(triggerText).join(', ') || null;
}

function triggerText(trigger: Trigger): string {
  if ('drift' in trigger) {
    const { severity, settle, subject, shape } = trigger.drift;
    const about = [...(subject === undefined ? [] : [subject]), ...(shape === undefined ? [] : [`“${shape}”`])];
    return `drift of ${severity}${about.map((one) => ` in ${one}`).join('')} after ${settle}`;
  }
  if ('olderThan' in trigger) return `older than ${trigger.olderThan}`;
  if ('silent' in trigger) return `dead and silent for ${trigger.silent}`;
  if ('unverifiable' in trigger) return `unverifiable for ${trigger.unverifiable}`;
  return 'manual' in trigger ? 'who a person asks for' : 'outdated';
}

function budgetOf(policy: Policy): string {
  return policy.budgets.length === 0 ? 'default (10%, at most 5)' : policy.budgets.map(oneBudget).join(', ');
}

function oneBudget({ max, per, triggers }: Budget): string {
  const where =
    per === undefined || per === 'group' ? '' : ` per ${typeof per === 'string' ? per : `label ${per.label}`}`;
  return `${max}${where}${triggers ? ` for ${triggers.join(' and ')}` : ''}`;
}
