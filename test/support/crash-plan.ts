import type { Random } from './random.ts';
import type { FrameFault } from './recording-proxy.ts';

/** What goes wrong in one round. */
export type RoundFault =
  | { readonly kind: 'kill'; readonly victims: readonly Victim[] }
  | { readonly kind: 'frames'; readonly frames: readonly FrameFault[] }
  | { readonly kind: 'clock'; readonly of: Victim; readonly aheadMs: number }
  | { readonly kind: 'full-disk'; readonly of: 'agents' | 'server'; readonly ms: number };

/** The processes of a crash fleet: the server, many agents in one process, and two real ones. */
export const victims = ['server', 'crowd', 'program-0', 'program-1'] as const;
export type Victim = (typeof victims)[number];

const frameFaults = ['drop', 'duplicate', 'reorder', 'delay', 'cut', 'half-open'] as const;
const tenYearsMs = 10 * 365.25 * 86_400_000;

/** One round after another, from nothing but the randomness: the same seed is the same row of faults. */
export function planRound(random: Random): RoundFault {
  const dice = random.below(100);
  if (dice < 12) return { kind: 'kill', victims: ['server'] };
  if (dice < 24) return { kind: 'kill', victims: ['crowd'] };
  if (dice < 30) return { kind: 'kill', victims: [random.pick(['program-0', 'program-1'] as const)] };
  if (dice < 34) return { kind: 'kill', victims: ['server', random.pick(victims.slice(1))] };
  if (dice < 76)
    return { kind: 'frames', frames: Array.from({ length: 1 + random.below(3) }, () => frameFault(random)) };
  if (dice < 88) return { kind: 'clock', of: random.pick(victims), aheadMs: (random.below(3) - 1) * tenYearsMs };
  return { kind: 'full-disk', of: random.pick(['agents', 'server'] as const), ms: random.below(800) };
}

function frameFault(random: Random): FrameFault {
  const kind = random.pick(frameFaults);
  return { kind, toward: random.pick(['server', 'agent'] as const), ms: random.below(600) };
}
