import type { OrphansView, QuarantineView } from '../../../shared/api-quarantine.ts';
import type { Context } from '../context.ts';
import { severityCell } from '../words.ts';
import { instancePath } from './instances.ts';

interface Options {
  readonly group?: string | number | boolean | undefined;
  readonly all?: unknown;
  readonly reason?: unknown;
  readonly keepFor?: unknown;
  readonly by?: unknown;
}

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { group, all }: Options,
): Promise<void> {
  const page = await remote.list<QuarantineView>('quarantines', { group, ...(all === true && { all: true }) });
  if (json) return out.json(page);
  out.table(
    ['INSTANCE', 'GROUP', 'MACHINE', 'STATE', 'SEVERITY', 'OWNER', 'EXPIRES', 'SNAPSHOT', 'ERROR'],
    page.items.map((one) => [
      one.instanceId,
      one.group,
      one.providerId,
      { text: one.state, tone: one.state === 'kept' ? 'good' : 'warn' },
      one.severity && severityCell(one.severity),
      one.owner,
      expiry(one),
      one.snapshotId,
      one.error,
    ]),
  );
}

export async function get(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  show(context, await context.remote.get<QuarantineView>(await pathOf(context, wanted)));
}

export async function start(
  context: Context,
  [wanted = '']: readonly string[],
  { reason, keepFor }: Options,
): Promise<void> {
  const asked = { reason, ...(keepFor !== undefined && { keepFor }) };
  show(context, await context.remote.post<QuarantineView>(await pathOf(context, wanted), asked));
}

export async function release(context: Context, [wanted = '']: readonly string[], { reason }: Options): Promise<void> {
  show(context, await context.remote.post<QuarantineView>(`${await pathOf(context, wanted)}/release`, { reason }));
}

export async function extend(
  context: Context,
  [wanted = '']: readonly string[],
  { reason, by }: Options,
): Promise<void> {
  show(context, await context.remote.post<QuarantineView>(`${await pathOf(context, wanted)}/extend`, { reason, by }));
}

async function pathOf(context: Context, wanted: string): Promise<string> {
  return `${await instancePath(context, wanted)}/quarantine`;
}

function show({ out, json }: Context, one: QuarantineView): void {
  if (json) return void out.json(one);
  out.facts([
    ['instance', one.instanceId],
    ['group', one.group],
    ['machine', one.providerId],
    ['state', { text: one.state, tone: one.state === 'kept' ? 'good' : 'warn' }],
    ['owner', one.owner],
    ['reason', one.reason],
    ['severity', one.severity && severityCell(one.severity)],
    ['replaced by', one.replacementId === null ? 'nothing: it stays until a person releases it' : one.replacementId],
    ['snapshot', one.snapshotId === null ? null : `${one.snapshotId}: ${one.snapshotAt ?? ''}`],
    ['began', one.createdAt],
    ['expires', expiry(one)],
    ['released', one.releasedAt],
    ['error', one.error],
  ]);
}

function expiry({ replacementId, expiresAt, state }: QuarantineView): string | null {
  if (state === 'ended' || state === 'ending') return null;
  return replacementId === null ? `not by itself (${expiresAt})` : expiresAt;
}

export async function orphans({ remote, out, json }: Context): Promise<void> {
  const view = await remote.get<OrphansView>('orphans');
  if (json) return out.json(view);
  out.table(
    ['GROUP', 'KIND', 'MACHINE', 'SNAPSHOT', 'MARK', 'WHY'],
    view.items.map(({ group, kind, providerId, snapshotId, key, why }) => [
      group,
      kind,
      providerId,
      snapshotId,
      key,
      why,
    ]),
  );
  for (const { group, error } of view.unasked) out.line(`group ${group} could not be asked: ${error}`);
}
