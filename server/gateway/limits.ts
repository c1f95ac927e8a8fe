import { handshakeMsMax } from '../../shared/protocol.ts';
import { evidenceTtlMsDefault } from '../fleet/content.ts';

export interface GatewayLimits {
  /** From the upgrade to a valid hello; then 4408. */
  readonly handshakeMs: number;
  /** Upgrades without a valid hello at one time; more are answered 503. */
  readonly handshakesMax: number;
  /** A connection whose place a newer one takes is asked for so long whether anybody is still there: then its key is a copy. */
  readonly copyProbeMs: number;
  /** Frames that wait in one connection; from there on its socket is not read. */
  readonly inboxFramesMax: number;
  /** What one connection may send in the long run, and at once; beyond it is read more slowly. */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** Sent and not taken by the peer; then it is cut off. */
  readonly unsentBytesMax: number;
  /** One connection is asked for a sweep no more often than this, unless a person asks. */
  readonly scanRequestEveryMs: number;
  /** How often `last_seen_at` is written and silence looked for. */
  readonly presenceEveryMs: number;
  readonly evidenceTtlMs: number;
}

export const gatewayLimits: GatewayLimits = {
  handshakeMs: handshakeMsMax,
  handshakesMax: 2_000,
  copyProbeMs: 5_000,
  inboxFramesMax: 8,
  bytesPerSecond: 512 * 1_024,
  burstBytes: 4 * 1_048_576,
  unsentBytesMax: 256 * 1_024,
  scanRequestEveryMs: 60_000,
  presenceEveryMs: 10_000,
  evidenceTtlMs: evidenceTtlMsDefault,
};
