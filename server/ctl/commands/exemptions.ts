import type { Exemption, ExemptionView } from '../../../shared/exemption.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { shortDigest } from '../words.ts';

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { all }: { readonly all?: unknown },
): Promise<void> {
  const page = await remote.list<ExemptionView>('exemptions', all === true ? { all } : {});
  if (json) return out.json(page);
  out.table(
    ['EXEMPTION', 'STATE', 'UNTIL', 'DRIFT', 'ON', 'INSTANCES', 'BY', 'REASON'],
    page.items.map((view) => [
      view.exemption.name,
      stateCell(view),
      view.exemption.until,
      driftText(view.exemption),
      scopeText(view.exemption),
      view.instances,
      view.author,
      view.exemption.reason,
    ]),
  );
}

export async function show({ remote, out, json }: Context, [name = '']: readonly string[]): Promise<void> {
  print({ out, json }, await remote.get<ExemptionView>(`exemptions/${encodeURIComponent(name)}`));
}

export async function end(
  { remote, out, json }: Context,
  [name = '']: readonly string[],
  { reason }: { readonly reason?: unknown },
): Promise<void> {
  print({ out, json }, await remote.post<ExemptionView>(`exemptions/${encodeURIComponent(name)}/end`, { reason }));
}

function print({ out, json }: Pick<Context, 'out' | 'json'>, view: ExemptionView): void {
  if (json) return void out.json(view);
  const { exemption, ended } = view;
  out.facts([
    ['exemption', exemption.name],
    ['state', stateCell(view)],
    ['until', exemption.until],
    ['drift', driftText(exemption)],
    ['on', scopeText(exemption)],
    ['instances', view.instances],
    ['reason', exemption.reason],
    ['declared', `${view.declaredAt} by ${view.author}, version ${view.version}`],
    ['ended', ended === null ? null : `${ended.at} by ${ended.by}: ${ended.reason}`],
  ]);
}

function stateCell({ state }: ExemptionView): Cell {
  return { text: state, tone: state === 'in_force' ? 'warn' : 'quiet' };
}

function driftText({ drift }: Exemption): string {
  if ('fingerprint' in drift) return shortDigest(drift.fingerprint);
  return `${drift.file} ${drift.change} to ${shortDigest(drift.content)}`;
}

function scopeText({ group, image }: Exemption): string {
  const parts = [
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(image === undefined ? [] : [`image ${image}`]),
  ];
  return parts.join(', ');
}
