import type { ApprovalRequest } from '../../../shared/api-approvals.ts';
import { imageRef } from '../../../shared/image.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { wantedId } from '../wanted-id.ts';

interface ListOptions {
  readonly group?: string | number | boolean | undefined;
  readonly all?: string | number | boolean | undefined;
}

export async function list({ remote, out, json }: Context, _args: readonly string[], { group, all }: ListOptions) {
  const page = await remote.list<ApprovalRequest>('approvals', { group, all });
  if (json) return out.json(page);
  if (page.items.length === 0) return out.line('nothing waits for an approval');
  out.table(
    ['ID', 'GROUP', 'POLICY', 'CAUSE', 'IMAGE', 'STATE', 'APPROVED BY', 'SINCE'],
    page.items.map((one) => [
      ...[one.id, one.group, `${one.policy}, version ${one.policyVersion}`, causeText(one), imageRef(one.target)],
      stateCell(one),
      givenText(one),
      one.createdAt,
    ]),
  );
}

export async function get(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  show(context, await context.remote.get<ApprovalRequest>(await pathOf(context, wanted)));
}

interface ApproveOptions {
  readonly instances?: unknown;
  readonly for?: unknown;
  readonly reason?: unknown;
}

export async function approve(context: Context, [wanted = '']: readonly string[], options: ApproveOptions) {
  const { instances, for: duration, reason } = options;
  const path = `${await pathOf(context, wanted)}/approve`;
  show(context, await context.remote.post<ApprovalRequest>(path, { instances, for: duration, reason }));
}

export async function revoke(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  show(context, await context.remote.post<ApprovalRequest>(`${await pathOf(context, wanted)}/revoke`));
}

export async function refuse(
  context: Context,
  [wanted = '']: readonly string[],
  { reason }: { readonly reason?: unknown },
): Promise<void> {
  show(context, await context.remote.post<ApprovalRequest>(`${await pathOf(context, wanted)}/refuse`, { reason }));
}

async function pathOf({ remote }: Context, wanted: string): Promise<string> {
  const all = async () => (await remote.list<ApprovalRequest>('approvals', { all: true })).items;
  return `approvals/${encodeURIComponent(await wantedId(wanted, 'approval request', all))}`;
}

function show({ out, json }: Context, one: ApprovalRequest): void {
  if (json) return void out.json(one);
  out.facts([
    ['request', one.id],
    ['group', one.group],
    ['policy', `${one.policy}, version ${one.policyVersion}`],
    ['cause', causeText(one)],
    ['image', imageRef(one.target)],
    ['state', stateCell(one)],
    [
      'needed',
      `${one.needed} ${one.needed === 1 ? 'person' : 'different people'}, none of them ${one.barred.join(' or ')}`,
    ],
    ['since', one.createdAt],
    ['refused', one.refused && `by ${one.refused.actor} at ${one.refused.at}: ${one.refused.reason}`],
  ]);
  if (one.approvals.length === 0) return;
  out.line('');
  out.table(
    ['BY', 'AT', 'INSTANCES', 'UNTIL', 'NOW', 'REASON'],
    one.approvals.map((given) => [
      ...[given.actor, given.createdAt, `${given.used} of ${given.instances}`, given.expiresAt],
      given.inForce ? 'good' : given.revokedAt === null ? 'over' : `revoked by ${given.revokedBy}`,
      given.reason,
    ]),
  );
}

function causeText({ cause }: ApprovalRequest): string {
  const { trigger, severity, shapes = [], from, olderThan } = cause;
  if (trigger === 'drift') return `${severity} drift: ${shapes.join('; ')}`;
  return [trigger, from ?? olderThan].filter((part) => part !== undefined).join(' ');
}

const toneOf = { approved: 'good', waiting: 'warn', refused: 'bad', void: 'quiet' } as const;

function stateCell({ state }: ApprovalRequest): Cell {
  return { text: state, tone: toneOf[state] };
}

function givenText({ approvals, needed }: ApprovalRequest): string {
  const names = [...new Set(approvals.filter(({ inForce }) => inForce).map(({ actor }) => actor))];
  return `${names.length} of ${needed}${names.length === 0 ? '' : `: ${names.join(', ')}`}`;
}
