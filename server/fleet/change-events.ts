import type { Finding } from '../../shared/finding.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import type { OpenFinding } from '../store/finding-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';

/** An event names so many of a report's findings and counts them all: events are hints, the resources hold the rest. */
const findingsShownMax = 20;

export interface Change {
  readonly before: StoredInstance;
  readonly after: StoredInstance;
  readonly opened: readonly Finding[];
  readonly closed: readonly OpenFinding[];
  readonly scanId: string | null;
  readonly at: string;
  /** Why a taint is lifted; by the rules in force unless said. */
  readonly lifted?: Readonly<Record<string, unknown>>;
}

/** Tells each transition once, in the transaction that makes it. Returns whether there was any. */
export async function appendChangeEvents(tx: Db, change: Change): Promise<boolean> {
  const { before, after, opened, closed, scanId, at } = change;
  const common = { at, groupName: after.group, instanceId: after.id };
  let told = false;
  const tell = async (type: Parameters<typeof appendEvent>[1]['type'], data: Record<string, unknown>) => {
    told = true;
    await appendEvent(tx, { ...common, type, data });
  };

  if (opened.length > 0) await tell('drift.opened', { scanId, count: opened.length, findings: shown(opened) });
  if (closed.length > 0) await tell('drift.closed', { scanId, count: closed.length, findings: shown(closed) });
  if (after.taint !== null && after.taint.severity !== before.taint?.severity) {
    await tell('instance.tainted', { severity: after.taint.severity, from: before.taint?.severity ?? null });
  }
  if (after.taint === null && before.taint !== null) {
    const { severity, since } = before.taint;
    await tell('taint.lifted', { ...(change.lifted ?? { by: 'rules', rules: after.rules }), severity, since });
  }
  if (after.verdict !== before.verdict) await tell('instance.verdict', { from: before.verdict, to: after.verdict });
  return told;
}

function shown(findings: readonly (OpenFinding & { readonly severity?: string })[]) {
  return findings
    .slice(0, findingsShownMax)
    .map(({ fingerprint, subject, name, change, severity }) => ({ fingerprint, subject, name, change, severity }));
}
