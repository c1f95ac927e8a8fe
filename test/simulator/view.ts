import type { ReplacementState } from '../../shared/api.ts';
import { Exemption } from '../../shared/exemption.ts';
import { Group, Policy } from '../../shared/policy.ts';
import type { MemoryMachine } from '../support/memory-provider.ts';
import { lookAtDecisions } from './permissions.ts';
import { evidenceTtlMs, type SimulatedWorld } from './world.ts';

/** What the invariants look at: the rows as they are, and what the cloud has. */
export type View = Awaited<ReturnType<typeof look>>;
export type Replaced = View['replacements'][number];

export const ended: readonly string[] = ['succeeded', 'failed'];

export interface Memory {
  /** By the monotonic clock. */
  readonly silentSince: Map<string, number>;
  /** Of all machines that there ever were. */
  readonly zones: Map<string, string>;
  /** Groups with images that soaked there. */
  readonly soaked: Set<string>;
}

export function follow({ clock, offline }: SimulatedWorld, { silentSince }: Memory): void {
  for (const id of silentSince.keys()) if (!offline.has(id)) silentSince.delete(id);
  for (const id of offline) if (!silentSince.has(id)) silentSince.set(id, clock.monotonic());
}

export async function look(world: SimulatedWorld, memory: Memory) {
  const { db, clock, cloud, offline } = world;
  for (const { providerId, zone } of cloud.machines.values()) if (zone) memory.zones.set(providerId, zone);
  const steps = await db.selectFrom('replacement_step').selectAll().orderBy('replacement_id').orderBy('n').execute();
  const events = await db
    .selectFrom('event')
    .selectAll()
    .where('type', '=', 'replacement.step')
    .orderBy('id')
    .execute();
  const paths = Map.groupBy(steps, (step) => step.replacement_id);
  const replacements = (await db.selectFrom('replacement').selectAll().orderBy('id').execute()).map((row) => ({
    ...row,
    path: (paths.get(row.id) ?? []).map(({ state }) => state as ReplacementState),
    told: events.filter((event) => event.replacement_id === row.id).map(({ data }) => JSON.parse(data).state as string),
  }));
  const groups = (await db.selectFrom('instance_group').selectAll().execute()).map((row) => ({
    ...{ name: row.name, breaker: row.breaker_at, resetAt: row.breaker_reset_at ?? '' },
    spec: Group.parse(JSON.parse(row.spec)),
  }));
  const policies = (await db.selectFrom('policy').selectAll().execute()).map(({ spec }) =>
    Policy.parse(JSON.parse(spec)),
  );
  const instances = await db.selectFrom('instance').selectAll().execute();
  const exemptions = await db.selectFrom('exemption').select(['spec', 'ended_at']).execute();
  const findings = await db.selectFrom('finding').select(['instance_id', 'fingerprint']).execute();
  const pardons = await db.selectFrom('event').select('instance_id').where('type', '=', 'instance.pardoned').execute();
  const exempting = {
    findings: Map.groupBy(findings, (finding) => finding.instance_id),
    exemptions: exemptions.map(({ spec, ended_at: endedAt }) => ({ ...Exemption.parse(JSON.parse(spec)), endedAt })),
    pardoned: new Set(pardons.map((event) => event.instance_id)),
  };
  const requests = await db.selectFrom('replacement_request').selectAll().execute();
  const paused = await db.selectFrom('rollout').selectAll().where('paused_at', 'is not', null).execute();
  const quarantines = await db.selectFrom('quarantine').selectAll().execute();
  return {
    ...{
      now: clock.now(),
      elapsed: clock.monotonic(),
      replacements,
      groups,
      policies,
      instances,
      requests,
      quarantines,
      paused,
    },
    ...exempting,
    ...{ silentSince: new Map(memory.silentSince), zones: memory.zones, evidenceTtlMs },
    decisions: await lookAtDecisions(world),
    snapshots: [...cloud.kept.values()],
    machines: new Map(cloud.machines) as ReadonlyMap<string, MemoryMachine>,
    offline: new Set(offline),
  };
}
