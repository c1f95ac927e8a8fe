import { holesOfAgent, isOurs } from '../fleet/server-holes.ts';
import type { Db } from '../store/database.ts';
import { toldSince } from '../store/finding-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import type { Claims } from './difference.ts';

/** What the agent of an instance has told: what is open, and what it has listed since. */
export async function claimsOf(db: Db, instance: StoredInstance, since: string): Promise<Claims> {
  const told = await toldSince(db, instance.id, since);
  return { told, holes: holesOfAgent(instance), mounts: instance.coverage?.mounts ?? [] };
}

/** Why what the agent has told cannot be compared with anything; undefined where it can. */
export function incomparable({ lifecycle, scan, coverage, doubts }: StoredInstance): string | undefined {
  if (lifecycle === 'retired') return 'it was retired meanwhile';
  if (scan === null) return 'its agent has not told of a complete sweep yet';
  // What two tell by one key is not what one machine told.
  if (doubts.length > 0) return 'it is not sure which machine it is';
  // By an earlier look: another one is what it waits for.
  const ours = coverage?.holes.find((hole) => isOurs(hole) && hole.reason !== 'seen-outside');
  return ours && `what its agent told counts for nothing: ${ours.reason}`;
}
