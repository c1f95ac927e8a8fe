import type { Selectable } from 'kysely';
import { auditEntryOf } from '../../server/store/audit-store.ts';
import type { Db } from '../../server/store/database.ts';
import type { AuditTable } from '../../server/store/people-tables.ts';
import { auditHash, firstPrevious } from '../../shared/audit.ts';
import { idleGroup } from './world.ts';

/** 15: what the audit alone says there is. Fed with each entry once, it must come to what the rows say. */
export interface Replay {
  /** By id, the states that each replacement went through. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** By id, what else is told of each replacement with its first step. */
  readonly about: ReadonlyMap<string, string>;
  readonly quarantines: ReadonlyMap<string, string>;
  readonly openBreakers: ReadonlySet<string>;
  /** Reads on from where it was. Answers what is wrong with the chain itself. */
  follow(db: Db): Promise<readonly string[]>;
}

export function createReplay(): Replay {
  const [paths, about] = [new Map<string, string[]>(), new Map<string, string>()];
  const [quarantines, openBreakers] = [new Map<string, string>(), new Set<string>()];
  let last = { n: 0, hash: firstPrevious };

  function apply({ what, group, instanceId, replacementId, data }: ReturnType<typeof auditEntryOf>): void {
    if (what === 'breaker.tripped') openBreakers.add(group ?? '');
    if (what === 'breaker.reset') openBreakers.delete(group ?? '');
    if (what === 'quarantine.started') quarantines.set(String(data['id']), 'isolating');
    if (what === 'quarantine.step') quarantines.set(String(data['id']), String(data['state']));
    if (what !== 'replacement.step') return;
    const id = replacementId ?? '';
    paths.set(id, [...(paths.get(id) ?? []), String(data['state'])]);
    about.set(id, `${instanceId} ${data['providerId']} of ${group}`);
  }

  return {
    ...{ paths, about, quarantines, openBreakers },
    async follow(db) {
      const rows = await db.selectFrom('audit').selectAll().where('n', '>', last.n).orderBy('n').execute();
      const wrong = rows.flatMap((row) => brokenAt(row));
      for (const row of rows) apply(auditEntryOf(row));
      return wrong;
    },
  };

  function brokenAt(row: Selectable<AuditTable>): string[] {
    const { hash, ...entry } = auditEntryOf(row);
    const isNext = entry.n === last.n + 1 && entry.previous === last.hash && hash === auditHash(entry);
    last = { n: entry.n, hash };
    return isNext ? [] : [`entry ${entry.n} of the audit does not follow on the one before`];
  }
}

interface Rows {
  readonly replacements: readonly {
    readonly id: string;
    readonly path: readonly string[];
    readonly group_name: string;
    readonly old_instance_id: string;
    readonly old_provider_id: string;
  }[];
  readonly quarantines: readonly { readonly id: string; readonly state: string }[];
  readonly groups: readonly { readonly name: string; readonly breaker: string | null }[];
}

/** Where the audit tells another story than the rows. */
export function retold({ replacements, quarantines, groups }: Rows, replay: Replay): string[] {
  const wrong: string[] = [];
  for (const { id, path, group_name: group, old_instance_id: instance, old_provider_id: machine } of replacements) {
    const own = replay.paths.get(id) ?? [];
    if (own.join() !== path.join()) wrong.push(`replacement ${id} went ${path.join()}, and ${own.join()} was audited`);
    if (replay.about.get(id) !== `${instance} ${machine} of ${group}`)
      wrong.push(`replacement ${id} of ${instance} was audited as of ${replay.about.get(id)}`);
  }
  if (replay.paths.size !== replacements.length)
    wrong.push(`${replay.paths.size} replacements were audited, and there are ${replacements.length}`);
  for (const { id, state } of quarantines) {
    if (replay.quarantines.get(id) !== state)
      wrong.push(`quarantine ${id} is ${state}, and audited as ${replay.quarantines.get(id)}`);
  }
  for (const { name, breaker } of groups) {
    if (name !== idleGroup && (breaker !== null) !== replay.openBreakers.has(name))
      wrong.push(`the breaker of ${name} is ${breaker === null ? 'closed' : 'open'}, and audited otherwise`);
  }
  return wrong;
}
