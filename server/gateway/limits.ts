import { handshakeMsMax } from '../../shared/protocol.ts';
import { evidenceTtlMsDefault } from '../fleet/content.ts';
import type { AdmissionLimits } from './admission.ts';
import type { PeerLimits } from './peer-bounds.ts';
import type { SenderLimits } from './sender-share.ts';

/** What is refused by `AdmissionLimits` is answered 503, with a time to come again. */
export interface GatewayLimits extends AdmissionLimits, PeerLimits, SenderLimits {
  /** From the upgrade to a valid hello; then 4408. */
  readonly handshakeMs: number;
  /** Of `handshakesMax`, so many from one address or one /64 of IPv6: the others are for others. */
  readonly handshakesOfOneMax: number;
  /** How long the older of two connections of one key has to answer a ping. If it does, the key is in two places. */
  readonly copyProbeMs: number;
  /** Reports without an ack that a connection may have on their way, as its welcome says. What is more waits in its socket. */
  readonly credits: number;
  /** Frames that wait in one connection; from there on its socket is not read. */
  readonly inboxFramesMax: number;
  /** Sent and not taken by the peer; then it is cut off. */
  readonly unsentBytesMax: number;
  /** One connection is asked for a sweep no more often than this, unless a person asks. */
  readonly scanRequestEveryMs: number;
  /** How often silence is looked for. */
  readonly presenceEveryMs: number;
  /** Nothing looked for so much longer than that: this process did not run. */
  readonly pauseMsMin: number;
  /** How often `last_seen_at` is written. */
  readonly lastSeenEveryMs: number;
  readonly evidenceTtlMs: number;
}

export const gatewayLimits: GatewayLimits = {
  handshakeMs: handshakeMsMax,
  handshakesMax: 2_000,
  handshakesOfOneMax: 1_000,
  unprovenBytesMax: 65_536,
  controlFramesPerSecond: 16,
  burstControlFrames: 256,
  upgradesPerSecond: 400,
  burstUpgrades: 400,
  retryAfterMsMax: 60_000,
  copyProbeMs: 5_000,
  credits: 8,
  inboxFramesMax: 8,
  bytesPerSecond: 512 * 1_024,
  burstBytes: 2 * 1_048_576,
  workMsPerSecond: 100,
  burstWorkMs: 500,
  unsentBytesMax: 256 * 1_024,
  scanRequestEveryMs: 60_000,
  presenceEveryMs: 10_000,
  pauseMsMin: 5_000,
  lastSeenEveryMs: 60_000,
  evidenceTtlMs: evidenceTtlMsDefault,
};
