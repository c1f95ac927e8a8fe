import type { Clock } from '../../shared/clock.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Log } from '../fleet/log.ts';
import type { Providers } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import type { ProofSigner } from './proof.ts';

/** What the actors of this room work with; wired in main.ts. */
export interface House {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly providers: Providers;
  /** Where launched agents connect, `ws://…`; asked each time, because the server may choose its port when it starts. */
  readonly serverUrl: () => string;
  readonly isOnline: (instanceId: string) => boolean;
  /** Since the start of this server, or its last absence. */
  readonly hasReported: (instanceId: string) => boolean;
  /** Has the server look at the disk of an instance itself. Errors: NOT_FOUND, CONFLICT. */
  readonly look: (instanceId: string) => Promise<unknown>;
  /** Asks the agent of an instance for a sweep; false when it is not connected. */
  readonly sweep: (instanceId: string) => boolean;
  readonly signer: ProofSigner;
  readonly lease: LeaseTerms;
  readonly evidenceTtlMs: number;
}

/** How this process takes part in who leads. */
export interface LeaseTerms {
  /** What it is called: as no other process, before or after. */
  readonly holder: string;
  /** No other process can be there over the same store: something says so that ends with its process, such as a lock of the kernel. */
  readonly isAlone: boolean;
  /** Who has not renewed its lease for so long has lost it; it is renewed after a third of that. */
  readonly msMax: number;
}

export const leaseMsMax = 15_000;
