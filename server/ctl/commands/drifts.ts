import type { Drift } from '../../../shared/api.ts';
import type { Context } from '../context.ts';
import { severityCell, shortDigest } from '../words.ts';

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { all }: { readonly all?: unknown },
): Promise<void> {
  const page = await remote.list<Drift>('drifts', all === true ? {} : { open: true });
  if (json) return out.json(page);
  out.table(
    ['FINGERPRINT', 'SEVERITY', 'CHANGE', 'SUBJECT', 'NAME', 'OPEN ON', 'EVER ON', 'SINCE'],
    page.items.map((drift) => [
      shortDigest(drift.fingerprint),
      severityCell(drift.severity),
      drift.change,
      drift.subject,
      drift.name,
      drift.openInstances,
      drift.totalInstances,
      drift.firstSeenAt,
    ]),
  );
}

export async function get({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const drift = await remote.get<Drift>(`drifts/${encodeURIComponent(wanted)}`);
  if (json) return out.json(drift);
  out.facts([
    ['drift', drift.fingerprint],
    ['severity', severityCell(drift.severity)],
    [drift.subject, drift.name],
    ['change', drift.change],
    ...drift.attributes.map(
      (attribute) => [attribute, `${drift.expected[attribute] ?? '–'} → ${drift.actual[attribute] ?? '–'}`] as const,
    ),
    ['instances', `${drift.openInstances} now, ${drift.totalInstances} ever`],
    ['first seen', drift.firstSeenAt],
    ['last seen', drift.lastSeenAt],
  ]);
}
