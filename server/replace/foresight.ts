import type { Backtest, PolicyAnswer, SimulatePolicies, Simulation } from '../../shared/api-foresight.ts';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { backtest } from './backtest.ts';
import type { VersionedPolicy } from './candidates.ts';
import { readPast } from './past.ts';
import { enforcing, simulateNow, withGiven } from './simulate.ts';
import type { FleetSnapshot } from './snapshot.ts';
import { explain } from './why.ts';

/** The fleet, and the policies, as a pass sees them. */
export interface Survey {
  readonly now: number;
  readonly snapshot: FleetSnapshot;
  readonly policies: readonly VersionedPolicy[];
}

/** What would happen, what would have happened, and why not. Reads, and asks providers for their lists; changes nothing. */
export interface Foresight {
  /** Errors: CONFLICT while another backtest is under way. */
  simulate(asked: SimulatePolicies): Promise<Simulation>;
  why(instanceId: string): Promise<{ readonly computedAt: string; readonly policies: readonly PolicyAnswer[] }>;
}

const dayMs = 86_400_000;
/** So long the server answers nobody else; a step of the work comes on top. */
const sliceMs = 10;

export function createForesight({
  db,
  clock,
  survey,
  evidenceTtlMs,
}: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly survey: () => Promise<Survey>;
  readonly evidenceTtlMs: number;
}): Foresight {
  let isBusy = false;
  return {
    async simulate({ policies: given, days }) {
      const seen = await survey();
      const { now, snapshot, policies } = seen;
      const result = { computedAt: timestamp(now), ...simulateNow(snapshot, policies, given, now) };
      return { ...result, backtest: days === 0 ? null : await lookBack(seen, given, days) };
    },
    async why(instanceId) {
      const { now, snapshot, policies } = await survey();
      return { computedAt: timestamp(now), policies: explain(snapshot, policies, now, instanceId) };
    },
  };

  /** One at a time: it takes seconds of a processor, and some memory. */
  async function lookBack({ now, snapshot, policies }: Survey, given: SimulatePolicies['policies'], days: number) {
    if (isBusy) throw new CodedError('CONFLICT', 'another backtest is under way: ask again in a few seconds');
    isBusy = true;
    try {
      const from = now - days * dayMs;
      const past = await readPast(db, from, evidenceTtlMs);
      const acting = withGiven(
        policies.filter(({ policy }) => policy.mode === 'enforce'),
        enforcing(given),
      );
      const names = new Set(given.map(({ name }) => name));
      return await inSlices(
        backtest({ live: snapshot, past, acting, given: names, from, to: now, evidenceTtlMs }),
        clock,
      );
    } finally {
      isBusy = false;
    }
  }
}

/** Between two slices everybody else is served. */
async function inSlices(work: Generator<void, Backtest>, clock: Pick<Clock, 'monotonic'>): Promise<Backtest> {
  for (;;) {
    const from = clock.monotonic();
    do {
      const { done, value } = work.next();
      if (done) return value;
    } while (clock.monotonic() - from < sliceMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
