import { doubtNames } from '../../../../shared/doubt-text.ts';
import type { Instance } from '../api/types.ts';
import { plural } from './numbers.ts';
import { relative } from './time.ts';

/** Why this instance needs a person, or on what its good state rests, in a few words. */
export function reasonOf(instance: Instance, now: number): string {
  const reasons = [doubtReason(instance), contentReason(instance, now), livenessReason(instance, now)];
  return reasons.filter(Boolean).join('; ');
}

/** Told whatever the verdict: nothing that is reported of it counts as long. */
function doubtReason({ doubts }: Instance): string {
  return doubts.length === 0 ? '' : `in doubt: ${doubts.map(({ kind }) => doubtNames[kind]).join(', ')}`;
}

function contentReason(instance: Instance, now: number): string {
  const { content, openFindings, evidence, taint } = instance;
  switch (content) {
    case 'drifted':
      return plural(openFindings, 'open finding');
    case 'unverifiable': {
      if (instance.doubts.length > 0) return '';
      const [held] = instance.serverHoles;
      if (held !== undefined) return held.reason.replaceAll('-', ' ');
      if (evidence === null) return 'no complete scan yet';
      const holes = evidence.coverage.holes.length;
      if (holes > 0) return `${plural(holes, 'hole')} in the last scan`;
      if (Date.parse(evidence.expiresAt) <= now) return `evidence expired ${relative(evidence.expiresAt, now)}`;
      return 'not confirmed';
    }
    case 'in_sync': {
      if (taint !== null) return `was reverted, drifted ${relative(taint.since, now)}`;
      return evidence === null ? '' : `measured ${relative(evidence.finishedAt, now)}`;
    }
    default:
      return content satisfies never;
  }
}

function livenessReason({ liveness, lastSeenAt }: Instance, now: number): string {
  switch (liveness) {
    case 'online':
      return '';
    case 'silent':
      return `last heard ${relative(lastSeenAt, now)}`;
    case 'absent':
      return 'its agent never reported';
    default:
      return liveness satisfies never;
  }
}
