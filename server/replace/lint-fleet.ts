import type { PolicyWarning } from '../../shared/api-policies.ts';
import type { Policy } from '../../shared/policy.ts';
import { readPolicies } from '../store/policy-store.ts';
import type { House } from './house.ts';
import { lintPolicy } from './lint.ts';
import { takeSnapshot } from './snapshot.ts';

type LintHouse = Pick<House, 'db' | 'clock' | 'isOnline' | 'hasReported' | 'evidenceTtlMs'>;

/** A policy beside the fleet as the store has it; no provider is asked. */
export async function lintOverFleet(house: LintHouse, policy: Policy): Promise<readonly PolicyWarning[]> {
  const { db, clock, isOnline, hasReported, evidenceTtlMs } = house;
  const now = clock.now();
  const snapshot = await takeSnapshot({ db, machines: new Map(), isOnline, hasReported, evidenceTtlMs }, now);
  return lintPolicy(policy, snapshot, await readPolicies(db), now);
}
