import { type Compilable, sql } from 'kysely';
import type { Db } from '../../server/store/database.ts';
import { prepared } from '../../server/store/prepared.ts';
import type { ReplacementState } from '../../shared/api.ts';
import { Exemption } from '../../shared/exemption.ts';
import { Group, Policy } from '../../shared/policy.ts';
import type { MemoryMachine } from '../support/memory-provider.ts';
import { evidenceTtlMs, idleGroup, type SimulatedWorld } from './world.ts';

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
  const { db, clock, cloud, lies, offline, runsOn } = world;
  for (const { providerId, zone } of cloud.machines.values()) if (zone) memory.zones.set(providerId, zone);
  const rows = await db.transaction().execute(readRows);
  const paths = Map.groupBy(rows.steps, (step) => step.replacement_id);
  const replacements = rows.replacements.map((row) => ({
    ...row,
    path: (paths.get(row.id) ?? []).map(({ state }) => state as ReplacementState),
  }));
  const groups = rows.groups.map((row) => ({
    ...{ name: row.name, breaker: row.breaker_at, resetAt: row.breaker_reset_at ?? '' },
    spec: parsed(Group, row.spec),
  }));
  const { instances, requests, paused, quarantines, holds, approvalRequests, approvals, versions } = rows;
  return {
    ...{ now: clock.now(), elapsed: clock.monotonic() },
    past: rows.past,
    ...{ replacements, groups, instances, requests, quarantines, paused },
    policies: rows.policies.map(({ spec }) => parsed(Policy, spec)),
    findings: Map.groupBy(rows.findings, (finding) => finding.instance_id),
    exemptions: rows.exemptions.map(({ spec, ended_at: endedAt }) => ({ ...parsed(Exemption, spec), endedAt })),
    pardoned: new Set(rows.pardons.map((event) => event.instance_id)),
    ...{ silentSince: new Map(memory.silentSince), zones: memory.zones, evidenceTtlMs },
    decisions: { holds, requests: approvalRequests, approvals, versions },
    snapshots: [...cloud.kept.values()],
    machines: new Map([...cloud.machines].filter(([, { group }]) => group !== idleGroup)) as ReadonlyMap<
      string,
      MemoryMachine
    >,
    idle: [...cloud.machines.values()].filter(({ group }) => group === idleGroup).length,
    runsOn,
    /** What the cloud is hiding; the others only grow. */
    unlisted: new Set(lies.unlisted),
    ...{ everUnlisted: lies.everUnlisted, lost: lies.lost, ghosts: lies.ghosts },
    offline: new Set(offline),
  };
}

/** Built once, and all in one transaction: a seed looks some hundred times. */
const queries = {
  steps: query((db) => db.selectFrom('replacement_step').selectAll().orderBy('replacement_id').orderBy('n')),
  replacements: query((db) =>
    db.selectFrom('replacement').selectAll().where('group_name', '!=', sql.lit(idleGroup)).orderBy('id'),
  ),
  past: query((db) => db.selectFrom('replacement').select('policy').where('group_name', '=', sql.lit(idleGroup))),
  groups: query((db) => db.selectFrom('instance_group').selectAll().where('name', '!=', sql.lit(idleGroup))),
  policies: query((db) => db.selectFrom('policy').select('spec')),
  instances: query((db) => db.selectFrom('instance').selectAll().where('group_name', '!=', sql.lit(idleGroup))),
  exemptions: query((db) => db.selectFrom('exemption').select(['spec', 'ended_at'])),
  findings: query((db) => db.selectFrom('finding').select(['instance_id', 'fingerprint'])),
  pardons: query((db) =>
    db
      .selectFrom('event')
      .select('instance_id')
      .where('type', '=', sql.lit('instance.pardoned' as const)),
  ),
  requests: query((db) => db.selectFrom('replacement_request').selectAll()),
  paused: query((db) => db.selectFrom('rollout').selectAll().where('paused_at', 'is not', null)),
  quarantines: query((db) => db.selectFrom('quarantine').selectAll()),
  holds: query((db) => db.selectFrom('hold').selectAll().where('lifted_at', 'is', null)),
  approvalRequests: query((db) => db.selectFrom('approval_request').selectAll()),
  approvals: query((db) => db.selectFrom('approval').selectAll().where('revoked_at', 'is', null)),
  versions: query((db) => db.selectFrom('spec_version').selectAll()),
};

function query<R>(build: (db: Db) => Compilable<R>): (tx: Db) => Promise<readonly R[]> {
  const run = prepared<Record<never, never>>()((db) => build(db));
  return (tx) => run(tx, {});
}

type Queries = typeof queries;
type Rows = { readonly [K in keyof Queries]: Awaited<ReturnType<Queries[K]>> };

async function readRows(tx: Db): Promise<Rows> {
  const rows: Record<string, unknown> = {};
  for (const [name, run] of Object.entries(queries)) rows[name] = await run(tx);
  return rows as Rows;
}

const known = new Map<string, unknown>();
const knownMax = 10_000;

/** Most specs are as they were when they were looked at last. */
function parsed<T>(schema: { parse(value: unknown): T }, text: string): T {
  if (known.size > knownMax) known.clear();
  const spec = (known.get(text) as T | undefined) ?? schema.parse(JSON.parse(text));
  known.set(text, spec);
  return spec;
}
