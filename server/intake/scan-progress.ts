import type { ReportMessage } from '../../shared/protocol.ts';
import type { PendingScan } from '../store/instance-store.ts';

export interface ScanProgress {
  readonly pending: PendingScan | null;
  /** All parts of a sweep are stored: only now may it close what it did not list. */
  readonly completes: boolean;
}

const none: ScanProgress = { pending: null, completes: false };

/**
 * Follows a sweep over its parts. Anything between two of them (a check, a part of another sweep, a missing part) ends
 * it without completing: a check may have opened what the sweep had passed before, and closing that would be wrong.
 */
export function followScan(
  report: Pick<ReportMessage, 'full' | 'scanId' | 'boot' | 'part' | 'parts'>,
  pending: PendingScan | null,
): ScanProgress {
  const { full, scanId, boot, part, parts } = report;
  if (!full) return none;
  const continues =
    pending !== null &&
    pending.scanId === scanId &&
    pending.boot === boot &&
    pending.parts === parts &&
    pending.part + 1 === part;
  if (part !== 1 && !continues) return none;
  return part === parts
    ? { pending: null, completes: true }
    : { pending: { scanId, boot, part, parts }, completes: false };
}
