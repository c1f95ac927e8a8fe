import type { Db } from '../store/database.ts';
import { toldSince } from '../store/finding-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import type { Claims } from './difference.ts';

/** What the agent of an instance has told: what is open, and what it has listed since. */
export async function claimsOf(db: Db, { id, coverage }: StoredInstance, since: string): Promise<Claims> {
  return { told: await toldSince(db, id, since), holes: coverage?.holes ?? [], mounts: coverage?.mounts ?? [] };
}

/** Why what the agent has told cannot be compared with anything; undefined where it can. */
export function incomparable({ lifecycle, scan, coverage }: StoredInstance): string | undefined {
  if (lifecycle === 'retired') return 'it was retired meanwhile';
  if (scan === null) return 'its agent has not told of a complete sweep yet';
  if (coverage?.holes.some(({ reason }) => reason === 'other-image')) return 'its agent compares with another image';
  return undefined;
}
