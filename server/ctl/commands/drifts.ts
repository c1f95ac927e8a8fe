import type { Drift } from '../../../shared/api.ts';
import { CodedError } from '../../../shared/errors.ts';
import { isRestored, restoredWords } from '../../../shared/restored-text.ts';
import type { Context } from '../context.ts';
import { plain, severityCell, shortDigest } from '../words.ts';

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { all }: { readonly all?: unknown },
): Promise<void> {
  const page = await remote.list<Drift>('drifts', all === true ? {} : { open: true });
  if (json) return out.json(page);
  out.table(
    ['FINGERPRINT', 'SEVERITY', 'CHANGE', 'SUBJECT', 'NAME', 'OPEN ON', 'EXEMPT ON', 'EVER ON', 'SINCE'],
    page.items.map((drift) => [
      shortDigest(drift.fingerprint),
      severityCell(drift.severity),
      drift.change,
      drift.subject,
      nameCell(drift),
      drift.openInstances,
      drift.exemptInstances,
      drift.totalInstances,
      drift.firstSeenAt,
    ]),
  );
}

/** A relabel is of many files: what differs on them is its name. */
function nameCell(drift: Drift): string {
  const { name, files, attributes } = drift;
  if (files !== null) return `${attributes.join(' and ')} on ${files} files: a relabel`;
  return isRestored(drift) ? `${name}: ${restoredWords}` : name;
}

export async function get({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const drift = await findDrift(remote, wanted);
  if (json) return out.json(drift);
  out.facts([
    ['drift', drift.fingerprint],
    ['severity', severityCell(drift.severity)],
    [drift.subject, nameCell(drift)],
    ['change', drift.change],
    ...(drift.files === null ? differencesOf(drift) : [['files', 'pristinectl drifts beneath lists them'] as const]),
    ['instances', `${drift.openInstances} now, ${drift.totalInstances} ever`],
    ['exempted', exemptCell(drift)],
    ['first seen', drift.firstSeenAt],
    ['last seen', drift.lastSeenAt],
  ]);
}

function exemptCell({ exemptInstances, exemptUntil }: Drift): string | null {
  return exemptUntil === null ? null : `on ${exemptInstances} of those now, until ${exemptUntil} at the latest`;
}

function differencesOf({ attributes, expected, actual }: Drift) {
  return attributes.map(
    (attribute) => [attribute, `${plain(expected[attribute])} → ${plain(actual[attribute])}`] as const,
  );
}

export async function beneath({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const { fingerprint } = await findDrift(remote, wanted);
  const page = await remote.list<Drift>(`drifts/${fingerprint}/beneath`);
  if (json) return out.json(page);
  out.table(
    ['FINGERPRINT', 'SEVERITY', 'NAME', 'DIFFERENCE', 'OPEN ON', 'SINCE'],
    page.items.map((drift) => [
      shortDigest(drift.fingerprint),
      severityCell(drift.severity),
      drift.name,
      differencesOf(drift)
        .map(([attribute, change]) => `${attribute} ${change}`)
        .join(', '),
      drift.openInstances,
      drift.firstSeenAt,
    ]),
  );
}

/** The list shows the beginning of a fingerprint, so the beginning is enough. Errors: NOT_FOUND, USAGE when several begin so. */
async function findDrift(remote: Context['remote'], wanted: string): Promise<Drift> {
  if (!/^[0-9a-f]{4,63}$/.test(wanted)) return remote.get<Drift>(`drifts/${encodeURIComponent(wanted)}`);
  const { items } = await remote.list<Drift>('drifts');
  const [drift, ...more] = items.filter(({ fingerprint }) => fingerprint.startsWith(wanted));
  if (drift === undefined) throw new CodedError('NOT_FOUND', `there is no drift ${wanted}`);
  if (more.length > 0) throw new CodedError('USAGE', `${more.length + 1} drifts begin with ${wanted}: give more of it`);
  return drift;
}
