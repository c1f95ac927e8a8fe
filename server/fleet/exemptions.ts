import { timestamp } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import { imageRef } from '../../shared/image.ts';
import { highestSeverity, severityAtLeast } from '../../shared/severity.ts';
import { type Db, inTransaction } from '../store/database.ts';
import {
  type ExemptFinding,
  exemptAtOnce,
  findingsAbout,
  forgetExempt,
  isJudgedOtherwise,
  listToJudge,
  noteJudged,
  placeExemption,
  readExempt,
  setTaintedAt,
} from '../store/exempt-finding-store.ts';
import {
  type InForce,
  inForceAt,
  isInForce,
  notePlaced,
  readInForce,
  readUnplaced,
  type StoredExemption,
  tellExpired,
} from '../store/exemption-store.ts';
import { openFindings } from '../store/finding-store.ts';
import { findImage } from '../store/image-store.ts';
import { findInstance, type StoredInstance, type StoredTaint, updateInstance } from '../store/instance-store.ts';
import { taintingFindings } from '../store/tainting-findings.ts';
import { appendChangeEvents } from './change-events.ts';
import { exempts } from './exempts.ts';
import { withVerdict } from './verdict.ts';

/** Of one transaction, so that agents are served meanwhile. */
const instancesAtOnce = 50;

/**
 * Brings the fleet to what exemptions say at this hour: places those that are new, changed or ended, and judges every instance
 * again that was judged by others. It is the hour that decides, so that it may run at any time, and again, and after a crash. In a
 * transaction it is part of that one, else of several. Answers whether anything has changed.
 */
export async function settleExemptions(db: Db, now: number): Promise<boolean> {
  let changed = false;
  for (const stored of await readUnplaced(db)) {
    await inTransaction(db, (tx) => place(tx, stored));
    changed = true;
  }
  for (;;) {
    const ids = await listToJudge(db, inForceAt(now), instancesAtOnce);
    if (ids.length === 0) break;
    await inTransaction(db, async (tx) => {
      for (const id of ids) await judgeAgain(tx, id, now);
    });
    changed = true;
  }
  return (await tellExpired(db, now)) || changed;
}

/** Of one instance, before it is judged by anything else: an exemption may be over that nobody has looked at since. */
export async function settleInstance(tx: Db, instanceId: string, now: number): Promise<void> {
  if (await isJudgedOtherwise(tx, instanceId, inForceAt(now))) await judgeAgain(tx, instanceId, now);
}

async function place(tx: Db, stored: StoredExemption): Promise<void> {
  const { exemption, ended } = stored;
  const about = ended === null ? await findingsAbout(tx, exemption) : [];
  await placeExemption(
    tx,
    stored,
    about.filter((finding) => exempts(exemption, finding)),
  );
  await notePlaced(tx, stored);
}

/**
 * Of findings that have just opened or grown graver, and would taint: those that an exemption in force is for, by fingerprint. They
 * are exempted from this moment on.
 */
export async function exemptNew(
  tx: Db,
  { id, group, imageDigest }: Pick<StoredInstance, 'id' | 'group' | 'imageDigest'>,
  findings: readonly Finding[],
  now: number,
): Promise<ReadonlySet<string>> {
  const exempted = new Set<string>();
  if (findings.length === 0) return exempted;
  const inForce = (await readInForce(tx, now)).filter(({ exemption }) => (exemption.group ?? group) === group);
  if (inForce.length === 0) return exempted;
  const image = await findImage(tx, imageDigest);
  const ref = image && imageRef(image);
  const here = inForce.filter(({ exemption }) => exemption.image === undefined || exemption.image === ref);
  for (const finding of findings) {
    for (const stored of here.filter(({ exemption }) => exempts(exemption, finding))) {
      const isCounted = await exemptAtOnce(tx, id, finding.fingerprint, stored, timestamp(now));
      if (isCounted) exempted.add(finding.fingerprint);
    }
  }
  return exempted;
}

/** By what is exempted at this hour, and not at the hour at which it was judged before. */
async function judgeAgain(tx: Db, instanceId: string, now: number): Promise<void> {
  const before = await findInstance(tx, instanceId);
  if (before === undefined || before.lifecycle === 'retired') return forgetExempt(tx, instanceId);
  const at = timestamp(now);
  const holds = inForceAt(now);
  const covered = [...Map.groupBy(await readExempt(tx, instanceId), ({ fingerprint }) => fingerprint).values()].map(
    (own) => coverOf(own, holds),
  );

  const begun = covered.filter((one) => one.is && !one.was && taints(one, before.taint));
  const over = covered.filter((one) => one.was && !one.is && one.taintedAt !== null);
  for (const { fingerprint, is, taintedAt } of covered)
    await setTaintedAt(tx, instanceId, fingerprint, is ? taintedAt : null);
  for (const one of begun) await setTaintedAt(tx, instanceId, one.fingerprint, taintedAtOf(one, before.taint));
  await noteJudged(tx, instanceId, holds);

  const left = begun.length === 0 ? before.taint : await taintWithout(tx, instanceId, before.taint, begun);
  const taint = over.reduce(taintWith, left);
  const after = withVerdict({ ...before, taint }, await openFindings(tx, instanceId), at);
  await updateInstance(tx, after);
  const lifted = { by: 'exemption' };
  await appendChangeEvents(tx, { before, after, opened: [], closed: [], scanId: null, at, lifted });
}

/** One finding, whichever exemptions cover it. */
interface Cover extends Omit<ExemptFinding, 'until' | 'counted'> {
  /** Whether it was exempted when its instance was judged, and whether it is now. */
  readonly was: boolean;
  readonly is: boolean;
}

function coverOf(own: readonly ExemptFinding[], holds: InForce): Cover {
  const taintedAt = own.map((one) => one.taintedAt).filter((at) => at !== null);
  return {
    ...own[0]!,
    taintedAt: taintedAt.length === 0 ? null : taintedAt.reduce(earlier),
    was: own.some(({ counted }) => counted),
    is: own.some((one) => isInForce(one, holds)),
  };
}

/** Whether this is part of what the instance is tainted by: what was pardoned before is not. */
function taints({ severity, rule, taintingSince }: Cover, taint: StoredTaint | null): boolean {
  return taint !== null && taintingSince >= taint.since && severityAtLeast(severity, 'low') && rule !== identityRule;
}

/** It may have been reverted and come back: what counts is when it was there first. */
function taintedAtOf({ firstSeenAt }: { readonly firstSeenAt: string }, taint: StoredTaint | null): string {
  return taint === null ? firstSeenAt : later(firstSeenAt, taint.since);
}

/** What the rest alone would taint. Where something else was graver than all that is exempted, the severity stays. */
async function taintWithout(
  tx: Db,
  instanceId: string,
  taint: StoredTaint | null,
  exempted: readonly Cover[],
): Promise<StoredTaint | null> {
  if (taint === null) return null;
  const tainting = await taintingFindings(tx, instanceId, taint.since);
  const rest = tainting.filter(({ severity }) => severityAtLeast(severity, 'low'));
  if (rest.length === 0) return null;
  const since = rest.map((one) => taintedAtOf(one, taint)).reduce(earlier);
  const isGravest = exempted.some(({ severity }) => severityAtLeast(severity, taint.severity));
  const severity = isGravest ? rest.map((one) => one.severity).reduce(highestSeverity) : taint.severity;
  return { severity, since };
}

/** As if it had never been exempted. */
function taintWith(taint: StoredTaint | null, { severity, taintedAt }: Cover): StoredTaint | null {
  if (taintedAt === null || !severityAtLeast(severity, 'low')) return taint;
  if (taint === null) return { severity, since: taintedAt };
  return { severity: highestSeverity(taint.severity, severity), since: earlier(taint.since, taintedAt) };
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

function later(a: string, b: string): string {
  return a < b ? b : a;
}
