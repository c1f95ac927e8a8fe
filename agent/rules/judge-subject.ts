import { compareEntry } from '../../shared/compare.ts';
import { attributesOf, type Entry, subjectKey } from '../../shared/entry.ts';
import { noRules } from '../../shared/rulebook.ts';
import type { HoleList } from '../check/hole-list.ts';
import { type Judge, openJudge } from '../check/judge.ts';
import type { Pins } from '../check/pins.ts';
import type { VerifyScope } from '../check/verify-scope.ts';
import type { Judged } from './explanation.ts';
import { whyAllowed } from './why-allowed.ts';

/** What a sweep would make of one subject (`look` says to its judge what a sweep would), and what differs beside that. */
export function judgeSubject(options: {
  readonly scope: VerifyScope;
  readonly holes: HoleList;
  readonly pins: Pins;
  readonly expected: Entry | undefined;
  readonly observed: Entry | undefined;
  /** Its key among the pins: what was pinned and is gone is found missing by that alone. */
  readonly key: string;
  readonly isLeftOut?: boolean;
  readonly look: (judge: Judge) => void;
}): Omit<Judged, 'name'> {
  const { scope, holes, pins, expected, observed, isLeftOut = false } = options;
  const sides = {
    baked: expected === undefined ? null : attributesOf(expected),
    actual: observed === undefined ? null : attributesOf(observed),
  };
  if (isLeftOut) return { ...sides, outcome: 'left-out', finding: null, allowed: [] };
  const either = expected ?? observed;
  const judge = openJudge(scope, holes, { pins });
  options.look(judge);
  const finding = judge.finish((pinned) => either === undefined && subjectKey(pinned) === options.key)[0] ?? null;
  const isHidden = either !== undefined && holes.hides(either.subject, either.name);
  // Of what nobody could see, nothing is known to differ.
  const whole =
    either === undefined || (observed === undefined && isHidden)
      ? undefined
      : compareEntry(expected, observed, noRules);
  const allowed = whole?.attributes.filter((attribute) => !finding?.attributes.includes(attribute)) ?? [];
  const why =
    whole === undefined || allowed.length === 0 ? {} : { why: whyAllowed(whole, expected, observed, scope.rulebook) };
  if (finding !== null) return { ...sides, outcome: 'finding', finding, allowed, ...why };
  if (isHidden) return { ...sides, outcome: 'hole', finding, allowed, ...why };
  if (whole !== undefined) return { ...sides, outcome: 'allowed', finding, allowed, ...why };
  return { ...sides, outcome: either === undefined ? 'absent' : 'as-baked', finding, allowed };
}
