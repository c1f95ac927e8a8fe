import { declare, endDeclared } from '../../server/fleet/declare.ts';
import { timestamp } from '../../shared/clock.ts';
import { Exemption } from '../../shared/exemption.ts';
import type { Random } from '../support/random.ts';
import type { SimulatedWorld } from './world.ts';

const hourMs = 3_600_000;

/** A person exempts something that some instance has or had, for minutes or hours. */
export async function exemptSomething({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const rows = await db
    .selectFrom('finding')
    .innerJoin('instance', 'instance.id', 'finding.instance_id')
    .select(['finding.fingerprint', 'instance.group_name'])
    .where('instance.lifecycle', '!=', 'retired')
    .orderBy('finding.first_seen_at', 'desc')
    .orderBy('finding.fingerprint')
    .limit(5)
    .execute();
  if (rows.length === 0) return;
  const { fingerprint, group_name: group } = random.pick(rows);
  const { n } = await db
    .selectFrom('exemption')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  const until = timestamp(clock.now() + random.pick([60_000, 600_000, hourMs, 5 * hourMs]));
  const said = { kind: 'Exemption', name: `exemption-${n}`, drift: { fingerprint }, group, reason: 'known', until };
  await declare(db, Exemption.parse(said), { actor: 'somebody', now: clock.now() });
}

export async function endSomeExemption({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const rows = await db.selectFrom('exemption').select('name').where('ended_at', 'is', null).orderBy('name').execute();
  if (rows.length === 0) return;
  await end(db, random.pick(rows).name, clock.now());
}

export async function endAllExemptions({ db, clock }: SimulatedWorld): Promise<void> {
  const rows = await db.selectFrom('exemption').select('name').where('ended_at', 'is', null).orderBy('name').execute();
  for (const { name } of rows) await end(db, name, clock.now());
}

async function end(db: SimulatedWorld['db'], name: string, now: number): Promise<void> {
  await endDeclared(db, { name, reason: 'over', actor: 'somebody' }, now);
}
