import type { Finding } from '../../shared/finding.ts';
import { type Identity, identityRule, sharedIdentity } from '../../shared/identity.ts';
import type { Db } from '../store/database.ts';
import * as findings from '../store/finding-store.ts';
import { othersKnownBy, readIdentities, writeIdentities } from '../store/identity-store.ts';
import { findInstance, setLifecycle, updateInstance } from '../store/instance-store.ts';
import { appendChangeEvents } from './change-events.ts';
import { withVerdict } from './verdict.ts';

/** What the scan or the retirement that made it known changes on one instance. */
export interface IdentityChange {
  readonly opened: readonly Finding[];
  readonly closed: readonly findings.OpenFinding[];
}

interface Moment {
  /** Of the scan that told it. */
  readonly scanId: string;
  readonly at: string;
}

/**
 * Takes in by what an instance is known now: what it shares with another one opens on both, and closes on both when they
 * differ. That is drift and calls a person; it taints nobody, so that nothing is replaced for it: the likeliest reason is
 * an image or a launch that gives all the same, which a replacement would have too, and who could fake it could end others.
 */
export async function followIdentities(
  tx: Db,
  instanceId: string,
  identities: readonly Identity[],
  moment: Moment,
): Promise<IdentityChange> {
  const before = await readIdentities(tx, instanceId);
  const moved = [...without(before, identities, byContent), ...without(identities, before, byContent)];
  if (moved.length > 0) {
    await writeIdentities(tx, instanceId, identities);
    for (const other of await lonelyOthers(tx, instanceId, moved)) await judgeOther(tx, other, moment);
  }
  // Also without a move: another one may have been retired since.
  return judgeIdentities(tx, instanceId, identities, moment);
}

/** The instance goes, and what it was known by is free. */
export async function retireInstance(
  tx: Db,
  instanceId: string,
  at: string,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await setLifecycle(tx, instanceId, 'retired', at, data);
  await freeIdentities(tx, instanceId, at);
}

/** Of one that has retired. */
export async function freeIdentities(tx: Db, instanceId: string, at: string): Promise<void> {
  const freed = await readIdentities(tx, instanceId);
  if (freed.length === 0) return;
  await writeIdentities(tx, instanceId, []);
  for (const other of await lonelyOthers(tx, instanceId, freed))
    await judgeOther(tx, other, { scanId: nothingScanned, at });
}

/** What is freed opens nothing. */
const nothingScanned = '';

/** Where several others share it, they do so with or without this one. */
async function lonelyOthers(tx: Db, instanceId: string, moved: readonly Identity[]): Promise<ReadonlySet<string>> {
  const lonely = new Set<string>();
  for (const identity of moved) {
    const [other, ...more] = await othersKnownBy(tx, instanceId, identity, 2);
    if (other !== undefined && more.length === 0) lonely.add(other);
  }
  return lonely;
}

async function judgeOther(tx: Db, instanceId: string, { scanId, at }: Moment): Promise<void> {
  const { opened, closed } = await judgeIdentities(tx, instanceId, await readIdentities(tx, instanceId), {
    scanId,
    at,
  });
  const before = await findInstance(tx, instanceId);
  if (before === undefined || opened.length + closed.length === 0) return;
  const after = withVerdict(before, await findings.openFindings(tx, instanceId), at);
  await updateInstance(tx, after);
  await appendChangeEvents(tx, { before, after, opened, closed, scanId: null, at });
}

/** No rules find it, and it taints nobody. */
const madeHere = { rules: 0, worse: new Set<string>(), byRules: new Set<string>() };

/** Opens and closes what the server itself finds of this instance. */
async function judgeIdentities(
  tx: Db,
  instanceId: string,
  identities: readonly Identity[],
  { scanId, at }: Moment,
): Promise<IdentityChange> {
  const shared: Finding[] = [];
  for (const identity of identities) {
    const others = await othersKnownBy(tx, instanceId, identity, 1);
    if (others.length > 0) shared.push(sharedIdentity(identity));
  }
  const known = await findings.openMadeHere(tx, instanceId, identityRule);
  const opened = without<Finding, { readonly fingerprint: string }>(shared, known, byFingerprint);
  const closed = without<findings.OpenFinding, { readonly fingerprint: string }>(known, shared, byFingerprint);
  await findings.recordFindings(tx, instanceId, opened, { scanId, at, ...madeHere });
  await findings.closeFindings(tx, instanceId, closed.map(byFingerprint), at);
  return { opened, closed };
}

function byContent({ name, digest }: Identity): string {
  return `${name} ${digest}`;
}

function byFingerprint({ fingerprint }: { readonly fingerprint: string }): string {
  return fingerprint;
}

function without<T extends K, K>(some: readonly T[], others: readonly K[], key: (one: K) => string): readonly T[] {
  const keys = new Set(others.map(key));
  return some.filter((one) => !keys.has(key(one)));
}
