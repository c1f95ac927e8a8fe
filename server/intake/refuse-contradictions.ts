import { serverHoleReasons } from '../../shared/coverage.ts';
import { CodedError } from '../../shared/errors.ts';
import { type Finding, fingerprintOf } from '../../shared/finding.ts';
import { identityRule, identitySubject } from '../../shared/identity.ts';
import { outsideRule, outsideSubject } from '../../shared/outside-look.ts';
import type { ReportMessage } from '../../shared/protocol.ts';

/** So many leave room, within the bound of a coverage, for those that the server sets itself. */
export const agentHolesMax = 9_900;

/** What the schema cannot see: that the claims of a report fit together. Errors: PROTOCOL. */
export function refuseContradictions(report: ReportMessage): void {
  if (report.part > report.parts) refuse(`part ${report.part} of ${report.parts}`);
  if (report.finishedAt < report.startedAt) refuse('a scan that ended before it began');
  if (report.coverage.holes.some(({ reason }) => serverHoleReasons.has(reason)))
    refuse('a hole that only a server sets');
  if (report.coverage.holes.length > agentHolesMax) refuse(`${report.coverage.holes.length} holes`);
  const names = new Set(report.identities?.map(({ name }) => name));
  if (names.size !== (report.identities?.length ?? 0)) refuse('one name of an identity twice');
  for (const finding of report.opened) {
    if (isOfServer(finding)) refuse('a finding that only a server makes');
    if (!isOwnFingerprint(finding)) refuse(`the fingerprint ${finding.fingerprint} is not that of its finding`);
  }
}

function isOfServer({ subject, rule }: Finding): boolean {
  return [identitySubject, outsideSubject].includes(subject) || [identityRule, outsideRule].includes(rule);
}

/** A drift is shared by its fingerprint: who could choose it freely could give others' drift another face. */
function isOwnFingerprint(finding: Finding): boolean {
  try {
    return fingerprintOf(finding) === finding.fingerprint;
  } catch {
    // A lone surrogate or a number without a canonical form.
    return false;
  }
}

function refuse(why: string): never {
  throw new CodedError('PROTOCOL', `the report contradicts itself: ${why}`);
}
