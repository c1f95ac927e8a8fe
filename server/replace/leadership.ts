import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Group } from '../../shared/policy.ts';
import type { Provider } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import { fenced } from '../store/fenced.ts';
import {
  checkFence,
  type Fence,
  giveUpLease,
  type Lease,
  readLease,
  renewLease,
  takeLease,
} from '../store/lease-store.ts';
import type { House, LeaseTerms } from './house.ts';

const leaseName = 'scheduler';

/** As long as one server leads: from a taking of the lease to its end. */
export interface Term {
  readonly number: number;
  /** For all that is done in this term: its writes are taken back, and its calls not made, when the term is over. */
  readonly house: House;
  /** Aborted when it is over, or the server stops. */
  readonly signal: AbortSignal;
  /** Another server, or another process, led before. */
  readonly isTakenOver: boolean;
}

export interface Leadership {
  /** The present term, renewed where that is due; a new one where the lease is free; undefined while another server leads. Errors: the store's. */
  term(): Promise<Term | undefined>;
  leads(): boolean;
  resign(): Promise<void>;
}

interface Reign extends Term {
  readonly fence: Fence;
  readonly over: AbortController;
  /** Monotonic. */
  endsAt: number;
}

/**
 * One server of all over a store leads: it alone plans and acts. No two clocks are compared, and no wall clock is asked: the
 * holder counts its milliseconds from before it wrote its renewal, whoever waits counts it from after it saw the last one, each by
 * its own monotonic clock, so the holder's term is over first. Assumed is that these run at the same rate. Where they do not
 * (a machine that was suspended, a process that was stopped for long), a server believes in a term that is over: then its number
 * is not that of the lease any more, and no transaction of it commits. What is left is a call that it was just making;
 * calls have keys for that, and their effect once.
 *
 * A server that knows itself alone over its store, by a lock that the kernel keeps, need not wait when it starts: whoever has
 * the lease is dead.
 */
export function createLeadership(house: House, stopping: AbortSignal): Leadership {
  const { db, clock, log } = house;
  const { holder, isAlone, msMax } = house.lease;
  let reign: Reign | undefined;
  let seen: { readonly lease: Lease; readonly at: number } | undefined;
  let mayTakeAtOnce = isAlone;
  let waitsFor: string | null = null;
  let asking: Promise<Term | undefined> | undefined;

  return {
    term() {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    leads: () => reign !== undefined && clock.monotonic() < reign.endsAt,
    async resign() {
      await asking?.catch(() => {});
      const { fence } = reign ?? {};
      end();
      if (fence !== undefined) await giveUpLease(db, fence);
    },
  };

  async function ask(): Promise<Term | undefined> {
    if (reign !== undefined && (await isKept(reign))) return reign;
    if (reign !== undefined) {
      log.warn({ term: reign.number }, 'replace: this server leads no more');
      end();
    }
    return stopping.aborted ? undefined : stand();
  }

  async function isKept(own: Reign): Promise<boolean> {
    const from = clock.monotonic();
    if (from >= own.endsAt || own.over.signal.aborted) return false;
    if (from < own.endsAt - msMax + renewAfterMs(house.lease)) return true;
    if (!(await renewLease(db, own.fence, expiry()))) return false;
    own.endsAt = from + msMax;
    return true;
  }

  async function stand(): Promise<Term | undefined> {
    const lease = await readLease(db, leaseName);
    const from = clock.monotonic();
    if (seen?.lease.fence !== lease.fence || seen.lease.renewals !== lease.renewals) seen = { lease, at: from };
    const isFree = lease.holder === null || lease.holder === holder || mayTakeAtOnce || from - seen.at >= msMax;
    const fence = isFree ? await takeLease(db, lease, holder, expiry()) : undefined;
    if (fence === undefined) {
      if (waitsFor !== lease.holder)
        log.info({ leader: lease.holder }, 'replace: another server leads; this one stands by');
      waitsFor = lease.holder;
      return undefined;
    }
    [mayTakeAtOnce, waitsFor] = [false, null];
    reign = begin(fence, from, lease.holder !== holder);
    log.info({ term: fence.number, before: lease.holder }, 'replace: this server leads');
    return reign;
  }

  function begin(fence: Fence, from: number, isTakenOver: boolean): Reign {
    const over = new AbortController();
    const signal = AbortSignal.any([stopping, over.signal]);
    const providers = (group: Group) => whileLeading(house.providers(group), assertLeads);
    const own: Reign = {
      ...{ number: fence.number, signal, isTakenOver, fence, over },
      house: { ...house, db: fenced(db, check), providers },
      endsAt: from + msMax,
    };
    return own;

    function assertLeads(): void {
      if (over.signal.aborted || clock.monotonic() >= own.endsAt)
        throw new CodedError('CONFLICT', `term ${fence.number} of this server is over`);
    }

    async function check(tx: Db): Promise<void> {
      assertLeads();
      try {
        await checkFence(tx, fence);
      } catch (error) {
        if (error instanceof CodedError) over.abort();
        throw error;
      }
    }
  }

  function end(): void {
    reign?.over.abort();
    reign = undefined;
  }

  function expiry(): string {
    return timestamp(clock.now() + msMax);
  }
}

export function renewAfterMs({ msMax }: LeaseTerms): number {
  return msMax / 3;
}

/** What changes nothing may be asked by whoever likes. */
const asks: ReadonlySet<string> = new Set<keyof Provider>(['list', 'preflight', 'snapshot']);

function whileLeading(provider: Provider, assertLeads: () => void): Provider {
  const guarded = Object.entries(provider).map(([name, call]) => {
    if (typeof call !== 'function' || asks.has(name)) return [name, call];
    const made = async (...given: readonly unknown[]): Promise<unknown> => {
      assertLeads();
      return call(...given);
    };
    return [name, made];
  });
  return Object.fromEntries(guarded) as Provider;
}
