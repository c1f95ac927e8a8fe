import type { PolicyAnswer, Why } from '../../../shared/api-foresight.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { causeText, contentCell, livenessCell, stateCell } from '../words.ts';
import { instancePath } from './instances.ts';

export async function why(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  const { remote, out, json } = context;
  const said = await remote.get<Why>(`${await instancePath(context, wanted)}/why`);
  if (json) return out.json(said);
  const { instance, underWay, lastFailure } = said;
  out.line(said.answer);
  out.line('');
  out.facts([
    ['instance', `${instance.id} (${instance.providerId ?? '–'})`],
    ['group', instance.group],
    ['content', contentCell(instance.content)],
    ['liveness', livenessCell(instance.liveness)],
    ['currency', instance.currency],
    ['lifecycle', instance.lifecycle],
    ['taint', instance.taint === null ? null : `${instance.taint.severity} since ${instance.taint.since}`],
    [
      'under way',
      underWay === null
        ? null
        : ({ ...(stateCell(underWay.state) as object), text: `${underWay.state}: ${underWay.id}` } as Cell),
    ],
    [
      'last failure',
      lastFailure === null ? null : `${lastFailure.updatedAt}: ${lastFailure.error ?? lastFailure.state}`,
    ],
  ]);
  for (const policy of said.policies) {
    out.line('');
    out.line(`policy ${policy.policy} (version ${policy.version}, ${policy.mode}): ${decisionText(policy)}`);
    out.table(
      ['TRIGGER', 'FIRES', 'WHY', 'UNTIL'],
      policy.triggers.map(({ trigger, fires, why: because, until }) => [
        trigger,
        fires ? { text: 'yes', tone: 'warn' } : 'no',
        because,
        until,
      ]),
    );
    if (policy.blockers.length === 0) continue;
    out.table(
      ['HELD BACK BY', 'WHY', 'UNTIL'],
      policy.blockers.map(({ kind, message, until }) => [kind, { text: message, tone: 'warn' }, until]),
    );
  }
  if (said.next.length > 0) out.line('');
  for (const next of said.next) out.line(`next: ${next}`);
}

function decisionText({ decision, cause }: PolicyAnswer): string {
  const text = cause === null ? '' : ` (${causeText(cause)})`;
  switch (decision) {
    case 'starts':
      return `replaces it at the next pass${text}`;
    case 'held':
      return `wants it replaced, and something holds it back${text}`;
    case 'other-policy':
      return 'wants it replaced too; another policy is first';
    case 'not-wanted':
      return 'does not want it replaced';
    default:
      return decision satisfies never;
  }
}
