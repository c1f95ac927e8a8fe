import { type LookDifference, type LookOutcome, lookDifferencesMax } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { untoldFinding } from '../../shared/outside-look.ts';
import { takeOutside } from '../fleet/untold.ts';
import type { Db } from '../store/database.ts';
import { findInstance } from '../store/instance-store.ts';
import { endLook, type LookEnd, nothingSeen, type StoredLook } from '../store/look-store.ts';
import { claimsOf, incomparable } from './claims.ts';
import { compareWithClaims, type Marked, standing } from './difference.ts';
import type { Seen } from './take-look.ts';

/** What the rule is applied to, as far as a look has come. */
export interface Course {
  readonly last: Seen;
  /** The one before it, where there is one. */
  readonly before: Seen | undefined;
  /** What the agent did between the two: `answered` with a sweep, `stayed` connected and did not, or `away`. */
  readonly agent: 'not-asked' | 'answered' | 'stayed' | 'away';
  readonly rounds: number;
  /** There may be another round. */
  readonly mayGoOn: boolean;
}

export interface Conclusion {
  /** To go on, the agent has to be asked first. */
  readonly asks?: boolean;
  readonly outcome: LookOutcome | 'go-on';
  readonly detail: string;
}

/**
 * What has come of a look by now, in one transaction with what it changes: what the agent has told is read in it, so
 * that a report that comes meanwhile counts. Answers `go-on` where the agent should have its say first.
 */
export function conclude(db: Db, look: StoredLook, course: Course, now: number): Promise<Conclusion> {
  const at = timestamp(now);
  return db.transaction().execute(async (tx) => {
    const instance = await findInstance(tx, look.instanceId);
    const objection = instance === undefined ? 'it is gone' : incomparable(instance);
    if (instance === undefined || objection !== undefined) {
      const end = { outcome: 'failed' as const, detail: objection ?? '', result: nothingSeen };
      await endLook(tx, look, end, at);
      return end;
    }
    const { imageDigest, rules } = course.last.measure;
    const isJudgedAlike = imageDigest === instance.imageDigest && rules === instance.rules;
    const end = endOf(
      { ...course, isJudgedAlike },
      compareWithClaims(course.last.findings, await claimsOf(tx, instance, look.requestedAt)),
    );
    if (end.outcome === 'go-on') return end;
    await endLook(tx, look, end as LookEnd, at);
    const { stood } = end;
    const untold = stood.map(({ finding, silence }) => untoldFinding(finding, silenceOf(silence, course)));
    const unclear = end.outcome === 'undecided' ? end.result.differences[0]?.name : undefined;
    await takeOutside(tx, instance, { lookId: look.id, untold, agrees: end.outcome === 'agrees', unclear }, at);
    return end;
  });
}

type Compared = ReturnType<typeof compareWithClaims>;

function endOf(course: Course & { readonly isJudgedAlike: boolean }, { untold, leftOut, unseen }: Compared) {
  const { last, before, agent, rounds, mayGoOn } = course;
  const marked = untold.map((one): Marked => ({ ...one, mark: last.marks.get(one.finding.fingerprint) }));
  const earlier = before === undefined ? [] : marked.map((one) => markedIn(before, one));
  const isHeard = agent === 'answered' || agent === 'stayed';
  const stood =
    isHeard && course.isJudgedAlike
      ? standing(
          earlier.flatMap((one) => one ?? []),
          marked,
        )
      : [];
  const stands = new Set(stood.map(({ finding }) => finding.fingerprint));
  const differences = marked
    .toSorted((a, b) => Number(stands.has(b.finding.fingerprint)) - Number(stands.has(a.finding.fingerprint)))
    .slice(0, lookDifferencesMax)
    .map((one) => differenceOf(one, stands, course));
  const { measure } = last;
  const result = { measure, differences, differencesCount: untold.length, leftOut, unseen, rounds };
  const end = (outcome: LookOutcome | 'go-on', detail: string) => ({ outcome, detail, result, stood });
  if (stood.length > 0) {
    return end(
      'differs',
      `the agent lied or was blinded: ${count(stood.length, 'difference')} on the disk and not told`,
    );
  }
  if (untold.length > 0) {
    const what = `${count(untold.length, 'difference')} on the disk and not told`;
    if (mayGoOn) return { ...end('go-on', `${what}: the agent is asked`), asks: true };
    if (agent === 'away') return end('undecided', `${what}, and the agent is not connected to be asked`);
    return end('undecided', `${what}, and the disk did not hold still long enough to call it a lie`);
  }
  if (!course.isJudgedAlike) return end(mayGoOn ? 'go-on' : 'undecided', 'other rules came into force meanwhile');
  if (measure.checked === 0) return end('undecided', 'nothing could be looked at from outside');
  if (measure.holesCount > 0) {
    const what = `${count(measure.holesCount, 'place')} could not be looked at from outside`;
    return mayGoOn ? end('go-on', what) : end('undecided', what);
  }
  if (leftOut > 0) return end('undecided', `${count(leftOut, 'difference')} where the agent told that it cannot look`);
  const { findings } = measure;
  return end(
    'agrees',
    findings === 0 ? 'the disk is as its image' : `the agent told of all ${findings} differences on the disk`,
  );
}

/** The same difference in the look before, if it was there and its bearer could be marked. */
function markedIn({ findings, marks }: Seen, { finding, silence }: Marked): Marked | undefined {
  const was = findings.some(({ fingerprint }) => fingerprint === finding.fingerprint);
  return was ? { finding, silence, mark: marks.get(finding.fingerprint) } : undefined;
}

function silenceOf(silence: Marked['silence'], { agent }: Course): LookDifference['told'] {
  return agent === 'stayed' && silence === 'untold' ? 'unanswered' : silence;
}

function differenceOf({ finding, silence }: Marked, stands: ReadonlySet<string>, course: Course): LookDifference {
  const { fingerprint, subject, name, change, attributes, severity, expected, actual } = finding;
  return {
    ...{ fingerprint, subject, name, change, attributes, severity, expected, actual },
    told: silenceOf(silence, course),
    stands: stands.has(fingerprint),
  };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
