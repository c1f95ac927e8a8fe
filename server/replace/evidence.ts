import { clockStepMsMax } from '../fleet/absence.ts';
import type { Machine } from '../provider/provider.ts';
import type { QuarantineMove, StoredQuarantine } from '../store/quarantine-store.ts';

/** What its machine is isolated with, and its snapshot kept under. */
export function quarantineKeyOf(quarantineId: string): string {
  return `q-${quarantineId}`;
}

/** The quarantine of a mark; undefined for any other mark. */
export function quarantineOfKey(key: string | null): string | undefined {
  return key?.startsWith('q-') ? key.slice(2) : undefined;
}

/** `copy` keeps a snapshot, `end` terminates the machine, `drop` drops what was copied of it. */
export type EvidenceCall = 'isolate' | 'copy' | 'end' | 'drop';

export type EvidenceStep =
  | { readonly do: 'wait' }
  | { readonly do: 'call'; readonly call: EvidenceCall }
  | { readonly do: 'move'; readonly move: QuarantineMove; readonly retires: boolean };

/** A copy that could not be made so often, because there is no such machine, is not made any more: a minute or so of calls. */
export const lostAfterAttempts = 7;
const backoffMsMin = 1_000;
const backoffMsMax = 60_000;
const wait: EvidenceStep = { do: 'wait' };

/**
 * What to do next with a machine that is kept. A state is the durable intent of the call that is made in it: `isolating`
 * isolates, `copying` keeps a snapshot, `ending` ends the machine and drops the snapshot. What fails is tried again for
 * ever: nothing here ends anything before its time. A list may leave out for a while what is there, so that what is not listed
 * is gone only by what a call said: `answered` is the one that the provider has just done. Pure.
 */
export function nextEvidenceStep(
  kept: StoredQuarantine,
  machines: readonly Machine[] | null,
  now: number,
  answered?: EvidenceCall,
): EvidenceStep {
  if (machines === null) return wait;
  const machine = machines.find(({ providerId }) => providerId === kept.providerId);
  switch (kept.state) {
    case 'isolating':
      if (machine?.state === 'isolated') return moved({ to: 'copying', detail: `${kept.providerId} is isolated` });
      if (machine === undefined && answered === 'isolate')
        return moved({ to: 'copying', detail: `${kept.providerId} is isolated, and not listed` });
      return callWhenDue('isolate', kept, now);
    case 'copying':
      // Also where the machine is gone: a copy may have been made, and its reply lost.
      return callWhenDue('copy', kept, now);
    case 'kept':
      return isDue(kept, now) ? moved({ to: 'ending', detail: `the time of ${kept.providerId} is over` }, true) : wait;
    case 'ending':
      // Once the machine is gone no late call can make another copy of it.
      if (machine === undefined && answered === 'end') return { do: 'call', call: 'drop' };
      return callWhenDue('end', kept, now);
    case 'ended':
      return wait;
    default:
      return kept.state satisfies never;
  }
}

/** Nothing to do with it before its time, or the next try, so that no provider is asked about it each second. */
export function isAtRest(kept: StoredQuarantine, now: number): boolean {
  return kept.state === 'kept' ? !isDue(kept, now) : !isCallDue(kept, now);
}

/** What no replacement stands in for is not ended by time alone: nobody has said that it may be. */
function isDue({ replacementId, expiresAt }: StoredQuarantine, now: number): boolean {
  return replacementId !== null && now >= expiresAt;
}

/** Somebody else has ended it. */
export function lost(kept: StoredQuarantine, when: string): EvidenceStep {
  const error = `${kept.providerId} was gone ${when}: this evidence is lost`;
  return moved({ to: 'ended', detail: error, set: { error } }, true);
}

export function gone(kept: StoredQuarantine): EvidenceStep {
  return moved({ to: 'ended', detail: `${kept.providerId} and what was kept of it are gone` }, true);
}

function moved(move: QuarantineMove, retires = false): EvidenceStep {
  return { do: 'move', move, retires };
}

function callWhenDue(call: EvidenceCall, kept: StoredQuarantine, now: number): EvidenceStep {
  return isCallDue(kept, now) ? { do: 'call', call } : wait;
}

function isCallDue({ attempts, updatedAt }: StoredQuarantine, now: number): boolean {
  const backoff = attempts === 0 ? 0 : Math.min(backoffMsMin * 2 ** (attempts - 1), backoffMsMax);
  // The clock was set back: nobody waits until it has caught up.
  return now >= updatedAt + backoff || updatedAt > now + clockStepMsMax;
}
