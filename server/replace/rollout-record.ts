import { timestamp } from '../../shared/clock.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { clockStepMsMax } from '../fleet/absence.ts';
import type { Db } from '../store/database.ts';
import { endedStates } from '../store/replacement-store.ts';
import { readRollouts, type StoredRollout } from '../store/rollout-store.ts';

/** What there is to know of an image that a group promotes, beside its living instances. */
export interface Rollout extends StoredRollout {
  /** Replacements under way that bring an instance of it. */
  readonly coming: readonly string[];
  /** Of it, since it began or was resumed: replacements that failed by their new instance, and instances replaced for drift. */
  readonly failed: number;
  /** Of other images, in the same time: instances that were replaced, and those of them for drift. */
  readonly others: { readonly replaced: number; readonly drifted: number };
  /** Instances of the group that have reported since this server began to listen, and are silent. */
  readonly silent: ReadonlySet<string>;
}

export type Rollouts = ReadonlyMap<ImageRef, Rollout>;

interface Sources {
  readonly groups: readonly Group[];
  /** By digest. */
  readonly images: ReadonlyMap<string, Image>;
  readonly silentIn: (group: string) => ReadonlySet<string>;
}

/** Nobody compares with what is longer ago. */
const comparedMsMax = 7 * 24 * 3_600_000;

/** By group, of the images that it promotes now. */
export async function readRolloutRecords(
  db: Db,
  { groups, images, silentIn }: Sources,
  now: number,
): Promise<ReadonlyMap<string, Rollouts>> {
  const promoted = new Map(groups.map((group) => [group.name, Object.values(group.images)]));
  const all = (await readRollouts(db)).map((rollout) => seenAt(rollout, now));
  const stored = all.filter(({ group, image }) => promoted.get(group)?.includes(image));
  if (stored.length === 0) return new Map();
  const rows = await readReplacements(db, Math.max(now - comparedMsMax, Math.min(...stored.map(sinceOf))));
  const refOf = (digest: string) => {
    const image = images.get(digest);
    return image && imageRef(image);
  };
  const records = stored.map((rollout): Rollout => {
    const own = rows.filter((row) => row.group_name === rollout.group);
    const lately = own.filter((row) => Date.parse(row.created_at) >= sinceOf(rollout));
    const isOf = (digest: string) => refOf(digest) === rollout.image;
    const forDrift = (row: (typeof rows)[number]) => (JSON.parse(row.cause) as Cause).trigger === 'drift';
    const others = lately.filter((row) => row.retired_at !== null && !isOf(row.old_digest));
    const blamed = lately.filter((row) => row.blames_new === 1 && isOf(row.target_digest));
    const drifted = lately.filter((row) => row.retired_at !== null && isOf(row.old_digest) && forDrift(row));
    return {
      ...rollout,
      coming: own.filter((row) => !isEnded(row.state) && isOf(row.target_digest)).map(({ id }) => id),
      failed: blamed.length + drifted.length,
      others: { replaced: others.length, drifted: others.filter(forDrift).length },
      silent: silentIn(rollout.group),
    };
  });
  return new Map(
    [...Map.groupBy(records, ({ group }) => group)].map(([group, own]) => [
      group,
      new Map(own.map((one) => [one.image, one])),
    ]),
  );
}

function isEnded(state: string): boolean {
  return (endedStates as readonly string[]).includes(state);
}

/** Those under way, and those that were begun since. */
async function readReplacements(db: Db, since: number) {
  return db
    .selectFrom('replacement')
    .innerJoin('instance as old', 'old.id', 'replacement.old_instance_id')
    .select(['replacement.id', 'replacement.group_name', 'replacement.target_digest', 'replacement.state'])
    .select(['replacement.cause', 'replacement.blames_new', 'replacement.created_at', 'replacement.retired_at'])
    .select('old.image_digest as old_digest')
    .where((eb) =>
      eb.or([
        eb('replacement.state', 'not in', endedStates),
        eb('replacement.created_at', '>=', timestamp(Math.max(0, since))),
      ]),
    )
    .execute();
}

/** What began or was resumed at a time to come did so before the clock was set back: until then nothing bad would count. */
function seenAt(rollout: StoredRollout, now: number): StoredRollout {
  const isToCome = (at: number) => at > now + clockStepMsMax;
  const { startedAt, resumedAt } = rollout;
  return {
    ...rollout,
    startedAt: isToCome(startedAt) ? 0 : startedAt,
    resumedAt: resumedAt !== null && isToCome(resumedAt) ? null : resumedAt,
  };
}

/** What was bad before then was another matter, or was seen by a person. */
export function sinceOf({ startedAt, resumedAt }: StoredRollout): number {
  return Math.max(startedAt, resumedAt ?? 0);
}
