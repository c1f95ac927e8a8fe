import { findRequest, giveApproval, revokeApprovals } from '../../server/store/approval-store.ts';
import { liftHold, placeHold, readHolds } from '../../server/store/hold-store.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Random } from '../support/random.ts';
import type { SimulatedWorld } from './world.ts';

/** What people do: hold and lift, say yes and take it back. */

export const people = ['admin', 'alice', 'bob', 'carol'] as const;
const [minuteMs, hourMs] = [60_000, 3_600_000];

export async function decide(world: SimulatedWorld, random: Random): Promise<void> {
  if (random.next() < 0.04) await hold(world, random);
  if (random.next() < 0.06) await lift(world, random);
  if (random.next() < 0.2) await sayYes(world, random);
  if (random.next() < 0.08) await takeBack(world, random);
}

async function hold({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const scope = random.pick(['instance', 'group', 'all'] as const);
  const rows = await db
    .selectFrom('instance')
    .select(['id', 'group_name'])
    .where('lifecycle', '!=', 'retired')
    .execute();
  const one = random.pick(rows);
  const target = scope === 'all' ? null : scope === 'group' ? one.group_name : one.id;
  const ms = scope === 'all' && random.next() < 0.3 ? null : random.pick([minuteMs, 10 * minuteMs, hourMs]);
  const wanted = { scope, target, reason: 'seen', author: random.pick(people), ms };
  await db.transaction().execute((tx) => placeHold(tx, wanted, clock.now()));
}

async function lift({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const holds = await readHolds(db, clock.now());
  if (holds.length === 0) return;
  const { id } = random.pick(holds);
  await db.transaction().execute((tx) => liftHold(tx, id, random.pick(people), clock.now()));
}

async function sayYes({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const request = await aRequest({ db }, random);
  if (request === undefined) return;
  const [instancesMax, ms] = [random.pick([1, 1, 2]), random.pick([10 * minuteMs, hourMs, 6 * hourMs])];
  const given = { request, actor: random.pick(people), reason: 'seen', instancesMax, ms };
  try {
    await db.transaction().execute((tx) => giveApproval(tx, given, clock.now()));
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'FORBIDDEN') throw error;
  }
}

async function takeBack({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const request = await aRequest({ db }, random);
  if (request) await db.transaction().execute((tx) => revokeApprovals(tx, request, random.pick(people), clock.now()));
}

async function aRequest({ db }: Pick<SimulatedWorld, 'db'>, random: Random) {
  const rows = await db
    .selectFrom('approval_request')
    .select('id')
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(8)
    .execute();
  return rows.length === 0 ? undefined : findRequest(db, random.pick(rows).id);
}

export async function letAllGo({ db, clock }: SimulatedWorld): Promise<void> {
  for (const { id } of await readHolds(db, clock.now()))
    await db.transaction().execute((tx) => liftHold(tx, id, 'admin', clock.now()));
}
