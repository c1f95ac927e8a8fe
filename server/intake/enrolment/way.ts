import type { Credential, EnrolmentWay as WayName } from '../../../shared/enrolment.ts';
import type { Db } from '../../store/database.ts';

/** When a credential is shown, and from where. */
export interface Visit {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The address at the other end of the socket: what a header says of it is anybody's to write. */
  readonly peer: string;
}

/** What a way vouches for: none of it is the agent's to say. */
export interface Grant {
  readonly by: WayName;
  /** What vouched, for people. */
  readonly with: string;
  readonly group: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null where whoever vouches knows of no launch of ours: it is found by `providerId`. */
  readonly launchKey: string | null;
  readonly providerId: string | null;
  /** Null where nobody has said which image `startedFrom` is. */
  readonly imageDigest: string | null;
  readonly startedFrom: string | null;
  /** Somebody else than us knows the machine by `providerId`: two who claim it are a conflict. */
  readonly isMachineVouched: boolean;
}

/** A refusal that leaves a trace: the transaction is kept, and then the agent is refused. */
export interface Denial {
  readonly denied: string;
  /** Worth a line in the log for whoever is on call. */
  readonly told?: Readonly<Record<string, unknown>>;
}

/**
 * One way to enrol. `prove` checks what needs no database, and may be slow; what it answers is called once, in the
 * transaction that makes the instance. Errors: FORBIDDEN for a credential that does not hold, which undoes the
 * transaction; UNREACHABLE where it could not be judged now.
 */
export interface EnrolmentWay<C extends Credential = Credential> {
  prove(credential: C, visit: Visit): Promise<(tx: Db) => Promise<Grant | Denial>>;
}
