import { durationMs } from '../../shared/duration.ts';
import type { Policy } from '../../shared/policy.ts';
import type { Consent, Yes } from '../store/approval-store.ts';

/** Whether people have said yes to a replacement. Pure: used up is what the records say, never a counter. */

export interface ApprovalRule {
  /** How many different people. */
  readonly count: number;
  /** How long a yes holds. */
  readonly ms: number;
  /** The policy that asks for so many. */
  readonly of: string;
}

/** Of all policies that act there the strictest, as it is with windows; null where none asks for any. */
export function approvalRuleOf(acting: readonly Policy[]): ApprovalRule | null {
  const rules = acting.flatMap(({ name, approval }) =>
    approval?.required ? [{ count: approval.count, ms: durationMs(approval.for), of: name }] : [],
  );
  const [most] = rules.toSorted((a, b) => b.count - a.count);
  return most === undefined ? null : { ...most, ms: Math.min(...rules.map(({ ms }) => ms)) };
}

/** Who has said yes to the replacement of this instance too, each once. `beside` were taken by the same plan. */
export function consentingTo(
  consent: Consent | undefined,
  instanceId: string,
  now: number,
  beside: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const holding = (consent?.given ?? []).filter((yes) => holdsFor(yes, consent!, instanceId, now, beside));
  return new Set(holding.map(({ actor }) => actor));
}

/** A yes of a time to come holds for nothing: the clock was set back since, and what is begun now would never be counted. */
function holdsFor(
  { at, expiresAt, instancesMax }: Yes,
  { begun }: Consent,
  instanceId: string,
  now: number,
  beside: ReadonlySet<string>,
): boolean {
  const others = new Set(beside);
  for (const one of begun) if (one.at >= at) others.add(one.instanceId);
  others.delete(instanceId);
  return at <= now && now < expiresAt && others.size < instancesMax;
}

/** Whoever may not approve must not be able to do without either: not by another document, nor by taking its group away. */
export function isLessApproval(before: Policy, after: Policy): boolean {
  const [asked, wanted] = [before, after].map((policy) =>
    policy.mode === 'enforce' ? approvalRuleOf([policy]) : null,
  );
  if (asked === null || asked === undefined) return false;
  const isElsewhere = JSON.stringify(after.select) !== JSON.stringify(before.select);
  return isElsewhere || wanted === null || wanted === undefined || wanted.count < asked.count || wanted.ms > asked.ms;
}
