import type { WebhookTested, WebhookView } from '../../../shared/page.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';

export async function test({ remote, out, json }: Context): Promise<void> {
  const tested = await remote.post<WebhookTested>('webhook/test');
  if (json) out.json(tested);
  else out.line(`the receiver took test ${tested.id}, and answered ${tested.status}`);
}

export async function status({ remote, out, json }: Context): Promise<void> {
  const view = await remote.get<WebhookView>('webhook');
  if (json) return out.json(view);
  out.facts([
    ['webhook', stateCell(view)],
    ['receiver', view.receiver],
    ['calls for', view.events.join(', ') || null],
    ['waiting', view.oldestPendingAt === null ? view.pending : `${view.pending}, since ${view.oldestPendingAt}`],
    [
      'delivered',
      view.lastDeliveredAt === null ? view.delivered : `${view.delivered}, last at ${view.lastDeliveredAt}`,
    ],
    ['given up', view.dead === 0 ? 0 : { text: String(view.dead), tone: 'bad' }],
    ['without room', view.unlisted === 0 ? 0 : { text: String(view.unlisted), tone: 'bad' }],
  ]);
  if (view.recent.length === 0) return;
  out.table(
    ['AT', 'TYPE', 'STATE', 'ATTEMPTS', 'NEXT', 'WHY NOT'],
    view.recent.map(({ at, type, state, attempts, nextAt, error }) => [at, type, state, attempts, nextAt, error]),
  );
}

function stateCell({ state, disabled }: WebhookView): Cell {
  switch (state) {
    case 'none':
      return { text: 'none: nobody is called', tone: 'warn' };
    case 'active':
      return { text: 'active', tone: 'good' };
    case 'disabled':
      return {
        text: `disabled at ${disabled?.at}: ${disabled?.reason}; \`webhook test\` enables it, once it is taken`,
        tone: 'bad',
      };
    default:
      return state satisfies never;
  }
}
