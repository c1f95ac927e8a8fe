import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import type { ConnectionNotes } from './report/connection.ts';
import type { Place } from './report/spool.ts';
import type { RulesOffers } from './rules/offers.ts';
import type { Status } from './status.ts';

/** The two ends do not agree on what was told. It is settled once all is told anew. */
interface Disagreement {
  readonly acked: Place | null;
  readonly settled: () => void;
}

/** What the connection has noted of the server, for the agent's loop. */
export interface ServerView {
  readonly notes: ConnectionNotes;
  readonly connection: Status['connection'];
  /** Null before the server has welcomed this agent. */
  readonly instanceId: string | null;
  /** Those that wait; whoever takes them settles them. */
  takeDisagreements(): readonly Disagreement[];
}

/** Its callbacks only note, and wake the loop that works. */
export function createServerView(options: {
  readonly clock: Clock;
  readonly log: Logger;
  /** There is something for people to read. */
  onChange(): void;
  /** There is something to do. */
  onWork(): void;
  /** True when none was owed yet. A request is named by the report of the sweep that begins next. */
  askForSweep(request?: string): boolean;
  readonly noteOffer: RulesOffers['note'];
}): ServerView {
  const { clock, log, onChange, onWork } = options;
  let instanceId: string | null = null;
  let connection: Status['connection'] = { state: 'connecting', since: timestamp(clock.now()), error: null };
  const disagreements: Disagreement[] = [];
  return {
    get connection() {
      return connection;
    },
    get instanceId() {
      return instanceId;
    },
    takeDisagreements: () => disagreements.splice(0),
    notes: {
      state(state, error) {
        if (state === connection.state && error === connection.error) return;
        const since = state === connection.state ? connection.since : timestamp(clock.now());
        connection = { state, since, error };
        onChange();
      },
      welcome(id) {
        if (id !== instanceId) log.info({ instanceId: id }, 'welcomed by the server');
        instanceId = id;
        onChange();
      },
      acked: onChange,
      scanRequested({ reason, request }) {
        if (options.askForSweep(request)) log.info({ reason }, 'the server asks for a sweep');
        onWork();
      },
      rulesOffered(offer) {
        options.noteOffer(offer);
        onWork();
      },
      disagreement: (acked) =>
        new Promise((settled) => {
          disagreements.push({ acked, settled });
          onWork();
        }),
    },
  };
}
