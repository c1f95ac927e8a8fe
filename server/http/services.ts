import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { LaunchInstances, PlanView } from '../../shared/api.ts';
import type { PolicyAnswer, SimulatePolicies, Simulation } from '../../shared/api-foresight.ts';
import type { PolicyWarning } from '../../shared/api-policies.ts';
import type { OrphansView } from '../../shared/api-quarantine.ts';
import type { Clock } from '../../shared/clock.ts';
import type { WebhookTested } from '../../shared/page.ts';
import type { Policy } from '../../shared/policy.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { RulesBoard } from '../fleet/rules-board.ts';
import type { Db } from '../store/database.ts';
import type { EntriesStore } from '../store/entries-store.ts';

/** The part of the gateway that reading and asking need. */
interface Connections {
  /** Milliseconds since the epoch; undefined when not heard since this server started. */
  heardAt(instanceId: string): number | undefined;
  /** Silence is counted from then at the earliest. Milliseconds since the epoch. */
  awakeAt(): number;
  /** False when there is no connection to ask on. */
  requestScan(instanceId: string): boolean;
  requestKey(instanceId: string): boolean;
  isOnline(instanceId: string): boolean;
}

/** What a person decides about a replacement, and why. */
interface Intervention {
  readonly id: string;
  readonly reason: string;
  readonly actor: string;
}

/** What the routes need of the rest of the house; wired in main.ts. */
export interface Services {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly evidenceTtlMs: number;
  readonly adminToken: string;
  /** PEM of the key that signs proofs. */
  readonly proofKey: string;
  readonly gateway: Connections;
  /** What agents say that candidate rules would change. */
  readonly board: RulesBoard;
  readonly plan: (group: string) => Promise<PlanView>;
  readonly simulate: (asked: SimulatePolicies) => Promise<Simulation>;
  readonly why: (
    instanceId: string,
  ) => Promise<{ readonly computedAt: string; readonly policies: readonly PolicyAnswer[] }>;
  readonly launch: (
    group: string,
    request: LaunchInstances,
    actor: string,
  ) => Promise<{ readonly providerIds: readonly string[] }>;
  /** What a person should look at before a policy acts. */
  readonly lint: (policy: Policy) => Promise<readonly PolicyWarning[]>;
  /** Has the disk of an instance looked at from outside; answers the id of the look. */
  readonly look: (instanceId: string, actor: string) => Promise<string>;
  /** What the providers have that no record owns. */
  readonly orphans: () => Promise<OrphansView>;
  readonly abort: (asked: Intervention) => Promise<void>;
  readonly retry: (asked: Intervention) => Promise<void>;
  /** Calls now, as a test; undefined where no webhook is configured. */
  readonly testWebhook: ((actor: string) => Promise<WebhookTested>) | undefined;
  readonly entries: EntriesStore;
  /** False while starting and stopping. */
  readonly isReady: () => boolean;
  /** False where another server over the same store plans and acts. */
  readonly leads: () => boolean;
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
