import { timestamp } from '../../shared/clock.ts';
import { hiderOf } from '../../shared/coverage.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { stateDigest } from '../../shared/state-digest.ts';
import { appendChangeEvents } from '../fleet/change-events.ts';
import { exemptNew, settleInstance } from '../fleet/exemptions.ts';
import { followIdentities, type IdentityChange } from '../fleet/identities.ts';
import { holesOfAgent, lastingHoles } from '../fleet/server-holes.ts';
import { withVerdict } from '../fleet/verdict.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { recordEvidence } from '../store/evidence-store.ts';
import { exemptUntils } from '../store/exempt-finding-store.ts';
import * as findings from '../store/finding-store.ts';
import type { Transactions } from '../store/group-commit.ts';
import { readIdentities } from '../store/identity-store.ts';
import { type CompleteScan, findInstance, type StoredInstance, updateInstance } from '../store/instance-store.ts';
import { noteAnswer } from '../store/look-store.ts';
import { foldRelabels } from '../store/relabel-store.ts';
import { insertReport } from '../store/report-store.ts';
import { type RulesHead, rulesHeads } from '../store/rules-store.ts';
import { holdsTaint, taintingFindings } from '../store/tainting-findings.ts';
import { taintAfter, taintLeft, withChecked, withVerdictSoFar, worsened } from './judge.ts';
import { type Position, placeOf } from './order.ts';
import { withOtherImage } from './other-image.ts';
import { withRulesOf } from './other-rules.ts';
import { refuseContradictions } from './refuse-contradictions.ts';
import { isByNewRules, rulesHere } from './rules-of-report.ts';
import { followScan } from './scan-progress.ts';

/**
 * Of one instance. Agents of ours stop well before it and report a hole for the rest; whoever passes it is refused, since
 * each later report looks at all that is open. The time that takes is charged to its sender (`gateway/sender-share.ts`).
 */
export const openFindingsMax = 120_000;

export type Outcome =
  | {
      readonly kind: 'applied';
      readonly instance: StoredInstance;
      /** Something is different now, and events tell it. */
      readonly changed: boolean;
      /** The two ends do not agree on the state: a sweep repairs it. */
      readonly wantsScan: boolean;
    }
  | { readonly kind: 'duplicate'; readonly instance: StoredInstance }
  | { readonly kind: 'out-of-order'; readonly last: Position }
  | { readonly kind: 'retired' };

export interface Intake {
  readonly db: Transactions;
  /** Milliseconds since the epoch. First sight is ours to date: agents' clocks are only claims. */
  readonly now: number;
  readonly evidenceTtlMs: number;
}

/**
 * From report to verdict, in one transaction; the ack follows its commit. Idempotent on (instance, boot, seq).
 * Errors: PROTOCOL for a report that contradicts itself; after any error nothing is stored.
 */
export async function applyReport(intake: Intake, instanceId: string, report: ReportMessage): Promise<Outcome> {
  return intake.db.transaction().execute(async (tx): Promise<Outcome> => {
    // Here, because what it takes is its sender's too.
    refuseContradictions(report);
    await settleInstance(tx, instanceId, intake.now);
    const before = await findInstance(tx, instanceId);
    if (before === undefined || before.lifecycle === 'retired') return { kind: 'retired' };

    const place = placeOf(report, before);
    if (place === 'duplicate') return { kind: place, instance: before };
    if (place === 'out-of-order') return { kind: place, last: { boot: before.boot, seq: before.seq } };

    const at = timestamp(intake.now);
    const placed = { ...before, boot: report.boot, seq: report.seq };
    const heads = await rulesHeads(tx, before.imageDigest);
    const step = { tx, report, at, heads };
    const comparesOurs = report.image === before.imageDigest;
    const result = comparesOurs ? await applyScan(step, placed) : await applyOtherImage(step, placed);

    await updateInstance(tx, result.after);
    if (result.completes) await keepEvidence(tx, result.after, intake.evidenceTtlMs);
    if (result.completes && report.answers !== undefined) await noteAnswer(tx, instanceId, report.answers, at);
    const changed = await appendChangeEvents(tx, { before, ...result, scanId: report.scanId, at });
    if (changed) await keepReport(step, instanceId, result);
    const noted = await tellGap(step, before);
    return { kind: 'applied', instance: result.after, changed: changed || noted, wantsScan: result.wantsScan };
  });
}

interface Step {
  readonly tx: Db;
  readonly report: ReportMessage;
  readonly at: string;
  /** Of the rules of its image. */
  readonly heads: readonly RulesHead[];
}

interface Result {
  readonly after: StoredInstance;
  readonly opened: readonly Finding[];
  readonly closed: readonly findings.OpenFinding[];
  readonly completes: boolean;
  readonly wantsScan: boolean;
}

async function applyScan(step: Step, instance: StoredInstance): Promise<Result> {
  const { report, at } = step;
  const { pending, completes } = followScan(report, instance.pendingScan);
  const { opened, worse } = await openListed(step, instance);
  const closed = await closeLookedAt(step, instance.id, completes);
  const isLast = report.part === report.parts;
  // A part of a sweep would look at what the next part may change again.
  if (isLast && report.opened.length + closed.length > 0) await foldRelabels(step.tx, instance.id, at);

  const followed = {
    ...instance,
    pendingScan: pending,
    rules: report.rules,
    taint: taintAfter(instance.taint, worse, at),
  };
  if (report.full && !completes) {
    const exempt = await exemptUntils(step.tx, instance.id);
    const counting = report.opened.filter((finding) => !exempt.has(finding.fingerprint));
    const after = withVerdictSoFar(followed, counting, at);
    return { after, opened, closed, completes, wantsScan: isLast };
  }
  const measured = withRulesOf(
    step.heads,
    completes
      ? { ...followed, scan: completeScan(report, at), coverage: coverageOf(report, instance) }
      : withChecked(followed, report.coverage),
    { sequence: report.rules, at },
  );
  const shared = completes ? await followReported(step, instance.id) : { opened: [], closed: [] };
  const judged = await judge(step, measured);
  const after = completes ? { ...judged, taint: await taintByRules(step, judged) } : judged;
  return {
    after,
    opened: [...opened, ...shared.opened],
    closed: [...closed, ...shared.closed],
    completes,
    wantsScan: after.stateDigest !== report.stateDigest,
  };
}

/** By what the instance is known: as the sweep says, and where a hole hides it, as one before said. */
async function followReported({ tx, report, at }: Step, instanceId: string): Promise<IdentityChange> {
  const isHidden = hiderOf(report.coverage.holes);
  const before = report.coverage.holes.length > 0 ? await readIdentities(tx, instanceId) : [];
  const told = report.identities ?? [];
  const kept = before.filter(({ name }) => isHidden('file', name) && told.every((one) => one.name !== name));
  return followIdentities(tx, instanceId, [...told, ...kept], { scanId: report.scanId, at });
}

/** What was compared with another image says nothing about this one: no finding opens or closes. */
async function applyOtherImage({ tx, report, at }: Step, instance: StoredInstance): Promise<Result> {
  const open = await findings.openFindings(tx, instance.id);
  const after = withVerdict(withOtherImage(instance, report.image), open, at);
  return { after, opened: [], closed: [], completes: false, wantsScan: false };
}

/** `worse` are those that taint: what is exempted does not. */
async function openListed({ tx, report, at, heads }: Step, instance: StoredInstance) {
  const { id: instanceId } = instance;
  const listed = [...new Map(report.opened.map((finding) => [finding.fingerprint, finding])).values()];
  const known = await findings.openAmong(tx, instanceId, listed.map(fingerprint));
  const worse = worsened(listed, known);
  const rules = worse.length === 0 ? undefined : await rulesHere(heads, report.rules, at);
  const byRules = rules === undefined ? [] : worse.filter((finding) => isByNewRules(finding, rules));
  await findings.recordFindings(tx, instanceId, listed, {
    scanId: report.scanId,
    at,
    rules: report.rules,
    worse: new Set(worse.map(fingerprint)),
    byRules: new Set(byRules.map(fingerprint)),
  });
  const opened = listed.filter((finding) => !known.has(finding.fingerprint));
  if (opened.length > 0 && (await findings.countOpen(tx, instanceId)) > openFindingsMax) {
    throw new CodedError('PROTOCOL', `expected at most ${openFindingsMax} open findings of one instance`);
  }
  const exempt = await exemptNew(tx, instance, worse, Date.parse(at));
  return { opened, worse: worse.filter((finding) => !exempt.has(finding.fingerprint)) };
}

/** Only a complete sweep has looked at everything that newer rules may accept. */
async function taintByRules({ tx, report, at, heads }: Step, { id, taint }: StoredInstance) {
  if (taint === null) return null;
  const { inForce } = await rulesHere(heads, report.rules, at);
  if (inForce === undefined) return taint;
  // Mostly so; to judge thousands of them again takes a second.
  if (await holdsTaint(tx, id, taint, report.rules)) return taint;
  const tainting = await taintingFindings(tx, id, taint.since);
  return taintLeft(taint, tainting, { sequence: report.rules, judging: inForce });
}

/** A finding closes only when looked at again: by the check that says so, or by a sweep of which every part has come. */
async function closeLookedAt({ tx, report, at }: Step, instanceId: string, completes: boolean) {
  const listed = new Set(report.opened.map(fingerprint));
  const cleared = report.cleared.filter((one) => !listed.has(one));
  const candidates = report.full
    ? completes
      ? await findings.openUnlisted(tx, instanceId, report.scanId)
      : []
    : await findings.openListed(tx, instanceId, cleared);
  const isHidden = hiderOf(report.coverage.holes);
  const closed = candidates.filter((finding) => !isHidden(finding.subject, finding.name));
  await findings.closeFindings(tx, instanceId, closed.map(fingerprint), at);
  return closed;
}

/** The digest is of what is stored, never the agent's word, and without what only this end knows. */
async function judge({ tx, report, at }: Step, instance: StoredInstance): Promise<StoredInstance> {
  const open = await findings.openFindings(tx, instance.id);
  const digest = stateDigest({
    manifest: instance.imageDigest,
    rules: report.rules,
    fingerprints: open.filter((finding) => !findings.isMadeHere(finding)).map(fingerprint),
    holes: holesOfAgent(instance),
    components: instance.coverage?.components?.map(({ digest: one }) => one),
  });
  return withVerdict({ ...instance, stateDigest: digest }, open, at);
}

function coverageOf({ coverage }: ReportMessage, before: StoredInstance): ReportMessage['coverage'] {
  return { ...coverage, holes: [...coverage.holes, ...lastingHoles(before)] };
}

/** An agent's clock that runs ahead must not make evidence that outlives its time. */
function completeScan({ scanId, boot, seq, startedAt, finishedAt }: ReportMessage, at: string): CompleteScan {
  const notAfterNow = (time: string) => timestamp(Math.min(Date.parse(time), Date.parse(at)));
  return { scanId, boot, seq, startedAt: notAfterNow(startedAt), finishedAt: notAfterNow(finishedAt) };
}

async function keepEvidence(tx: Db, instance: StoredInstance, evidenceTtlMs: number): Promise<void> {
  const { id: instanceId, imageDigest, rules, verdict, scan, stateDigest: digest } = instance;
  if (scan === null || digest === null) throw new TypeError('a complete scan was applied without its evidence');
  const { startedAt, finishedAt } = scan;
  const evidence = { instanceId, imageDigest, rules, verdict, stateDigest: digest, startedAt, finishedAt };
  await recordEvidence(tx, evidence, evidenceTtlMs);
}

async function keepReport({ tx, report, at }: Step, instanceId: string, { opened, closed }: Result): Promise<void> {
  const { boot, seq, scanId } = report;
  const counts = { opened: opened.length, cleared: closed.length };
  await insertReport(tx, { instanceId, boot, seq, scanId, ...counts, receivedAt: at });
}

/** What the agent could not keep: the state is exact all the same, and people should know that the way to it is not all told. */
async function tellGap(
  { tx, report, at }: Step,
  { id: instanceId, group: groupName }: StoredInstance,
): Promise<boolean> {
  const { boot, seq, spool } = report;
  if (spool === undefined) return false;
  await appendEvent(tx, { at, type: 'instance.spool', groupName, instanceId, data: { boot, seq, ...spool } });
  return true;
}

function fingerprint(finding: { readonly fingerprint: string }): string {
  return finding.fingerprint;
}
