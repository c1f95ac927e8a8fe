import type { Finding } from '../../shared/finding.ts';
import { outsideRule } from '../../shared/outside-look.ts';
import type { Db } from '../store/database.ts';
import * as findings from '../store/finding-store.ts';
import { type StoredInstance, updateInstance } from '../store/instance-store.ts';
import { appendChangeEvents } from './change-events.ts';
import { withoutServerHole, withServerHole } from './server-holes.ts';
import { withVerdict } from './verdict.ts';

/** What an outside look has come to. */
export interface Outside {
  readonly lookId: string;
  /** Findings of what the agent did not tell (`untoldFinding`). */
  readonly untold: readonly Finding[];
  /** All was looked at, and agent and disk agree: nothing else closes what an earlier look found. */
  readonly agrees: boolean;
  /** Where the disk differs and the agent told nothing, and it may have been no lie; undefined for nowhere. */
  readonly unclear: string | undefined;
}

/**
 * The agent lied or was blinded: that is critical drift of the instance and taints it, as any other does. It is the server's
 * own finding, so that no report lists or closes it, and it is in no state digest. What may be no lie accuses nobody, and is
 * a hole all the same: an agent that goes away when it is asked, or a file that never holds still, must not stay clean.
 */
export async function takeOutside(
  tx: Db,
  before: StoredInstance,
  { lookId, untold, agrees, unclear }: Outside,
  at: string,
): Promise<void> {
  const known = new Set(
    (await findings.openMadeHere(tx, before.id, outsideRule)).map(({ fingerprint }) => fingerprint),
  );
  const opened = untold.filter(({ fingerprint }) => !known.has(fingerprint));
  const worse = new Set(opened.map(({ fingerprint }) => fingerprint));
  const listing = { scanId: lookId, at, rules: before.rules, worse, byRules: new Set<string>() };
  await findings.recordFindings(tx, before.id, untold, listing);
  const closed = agrees ? await findings.openMadeHere(tx, before.id, outsideRule) : [];
  const fingerprints = closed.map(({ fingerprint }) => fingerprint);
  await findings.closeFindings(tx, before.id, fingerprints, at);
  const isClear = agrees || untold.length > 0;
  const settled = isClear ? withoutServerHole(before, 'seen-outside') : before;
  const placed = unclear === undefined ? settled : withServerHole(before, 'seen-outside', unclear);
  const taint =
    opened.length === 0 ? before.taint : { severity: 'critical' as const, since: before.taint?.since ?? at };
  const after = withVerdict({ ...placed, taint }, await findings.openFindings(tx, before.id), at);
  await updateInstance(tx, after);
  await appendChangeEvents(tx, { before, after, opened, closed, scanId: null, at });
}
