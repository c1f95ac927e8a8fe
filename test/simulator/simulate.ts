import { sql } from 'kysely';
import { pardon } from '../../server/fleet/pardon.ts';
import { extendQuarantine, releaseQuarantine, startQuarantine } from '../../server/fleet/quarantine.ts';
import { requestReplacement } from '../../server/fleet/request.ts';
import { retire } from '../../server/fleet/retire.ts';
import { abortReplacement, retryReplacement } from '../../server/replace/intervene.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { readGroups, resetBreaker } from '../../server/store/group-store.ts';
import { readPolicies } from '../../server/store/policy-store.ts';
import { readRollouts, resumeRollout } from '../../server/store/rollout-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { Policy } from '../../shared/policy.ts';
import { highestSeverity, type Severity } from '../../shared/severity.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { insertFinding } from '../support/rows.ts';
import { decide, letAllGo, people } from './decide.ts';
import { drawScene, type Scene } from './draw.ts';
import { endAllExemptions, endSomeExemption, exemptSomething } from './exempting.ts';
import { foresee } from './foresee.ts';
import { createInvariants, type Invariants } from './invariants.ts';
import { aSimulatedWorld, idleGroup, leaseMsMax, type SimulatedWorld } from './world.ts';

export interface Outcome {
  readonly seed: number;
  /** The first that did not hold; empty where all did. */
  readonly wrong: readonly string[];
  /** At which step, of the world's doing or of rest. */
  readonly step: number;
  readonly counts: { readonly begun: number; readonly succeeded: number; readonly crashes: number };
}

/** Of all steps. */
const foreseenShare = 0.15;
const [restStepsMax, restMsMin] = [1_000, 720_000];

/** One seed: a scene, its steps, and then a rest in which nothing goes wrong and all must come to its end. */
export async function simulate(seed: number): Promise<Outcome> {
  const random = seededRandom(seed);
  const scene = drawScene(random);
  const world = await aSimulatedWorld(scene, random);
  const invariants = createInvariants(world);
  const outcome = async (step: number, wrong: readonly string[]): Promise<Outcome> => {
    const rows = await world.db.selectFrom('replacement').select('state').execute();
    const counts = { begun: rows.length, succeeded: rows.filter(({ state }) => state === 'succeeded').length };
    return { seed, wrong, step, counts: { ...counts, crashes: world.crashes() } };
  };
  try {
    for (let step = 0; step < scene.steps; step++) {
      await happen(world, scene, random);
      if (random.next() < foreseenShare) {
        const wrong = await aForesight(world, invariants);
        if (wrong.length > 0) return await outcome(step, wrong);
      }
      const wrong = await aStep(world, invariants, 1_000 * random.pick([1, 2, 5, 10, 30, 60, 300, 1_800]));
      if (wrong.length > 0) return await outcome(step, wrong);
    }
    return await outcome(scene.steps, await comeToRest(world, scene, invariants));
  } finally {
    await world.end();
  }
}

async function aStep(world: SimulatedWorld, invariants: Invariants, ms: number): Promise<readonly string[]> {
  await refreshScans(world);
  await invariants.before();
  await world.pass(ms);
  return invariants.after();
}

async function aForesight(world: SimulatedWorld, invariants: Invariants): Promise<readonly string[]> {
  await refreshScans(world);
  await invariants.before();
  return [...(await foresee(world)), ...(await invariants.after())];
}

/** What the world does by itself: agents, people, and the machine that the server runs on. */
async function happen(world: SimulatedWorld, scene: Scene, random: Random): Promise<void> {
  const { db, clock, offline } = world;
  const now = clock.now();
  const rows = await db
    .selectFrom('instance')
    .selectAll()
    .where('lifecycle', '!=', 'retired')
    .where('group_name', '!=', idleGroup)
    .orderBy('id')
    .execute();
  if (rows.length === 0) return;
  const one = () => random.pick(rows);
  if (random.next() < scene.taintShare)
    await taint(world, one().id, random.pick(['low', 'medium', 'high', 'critical']), random.below(6));
  const tainted = rows.filter(({ taint_at: at }) => at !== null);
  if (tainted.length > 0 && random.next() < 0.03) {
    const decision = { instanceId: random.pick(tainted).id, reason: 'seen', actor: 'somebody' };
    await pardon(db, decision, now);
  }
  if (random.next() < 0.05) offline.add(one().id);
  if (random.next() < scene.massShare) await strikeAll(world, rows, random);
  if (random.next() < 0.03) await doubt(world, one().id);
  if (random.next() < 0.1) world.reconnect();
  if (random.next() < 0.02) stop(world, one().provider_id ?? '');
  const listed = await db.selectFrom('machine').select('provider_id').execute();
  world.lies.change(new Set(listed.map((row) => row.provider_id)));
  if (random.next() < 0.04) fail(world, one(), random);
  if (random.next() < 0.03) await blind(world, one().id);
  if (random.next() < 0.05) await ask(world, one().id, random);
  if (random.next() < 0.03) await reopenBreakers(world);
  if (random.next() < 0.1) await keepOrLetGo(world, random, one().id);
  if (random.next() < 0.05) await helpOut(world);
  if (random.next() < 0.02) await turn(world, random);
  if (random.next() < scene.exemptShare) await exemptSomething(world, random);
  if (random.next() < scene.exemptShare / 4) await endSomeExemption(world, random);
  if (random.next() < scene.promoteShare) await promote(world, random);
  if (random.next() < 0.03) await resumeRollouts(world);
  await decide(world, random);
  if (random.next() < scene.crashShare) world.crashSoon(1 + random.below(60));
  if (random.next() < scene.pauseShare) await world.pauseLeader(leaseMsMax * random.pick([0.5, 1, 1.5, 3]));
  if (random.next() < 0.02) clock.jump(random.pick([-1, 1]) * random.pick([1_000, 600_000, 3_600_000]));
}

/** A bad rule, a tool that changes machines, or somebody who cuts agents off. */
async function strikeAll(
  world: SimulatedWorld,
  rows: readonly { readonly id: string; readonly group_name: string }[],
  random: Random,
): Promise<void> {
  const { group_name: group } = random.pick(rows);
  const [own, way, isSilence] = [rows.filter((row) => row.group_name === group), random.below(6), random.next() < 0.4];
  for (const { id } of own) {
    if (isSilence) world.offline.add(id);
    else await taint(world, id, 'high', way);
  }
}

/** In one of few ways, so that some are alike. */
async function taint({ db, clock }: SimulatedWorld, id: string, severity: Severity, way: number): Promise<void> {
  const at = timestamp(clock.now());
  const row = await db.selectFrom('instance').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const known = await db.selectFrom('finding').select('fingerprint').where('instance_id', '=', id).execute();
  if (row.taint_at !== null && known.length > 1) return;
  const name = `/${way + 6 * known.length}`;
  const fingerprint = await insertFinding(db, id, { name, severity, actual: { content: `${id} ${at}` } });
  await db
    .updateTable('finding')
    .set({ first_seen_at: at, tainting_since: at })
    .where('fingerprint', '=', fingerprint)
    .execute();
  await db
    .updateTable('instance')
    .set({
      verdict: 'drifted',
      taint_severity: highestSeverity(severity, (row.taint_severity ?? 'info') as Severity),
      taint_at: row.taint_at ?? at,
    })
    .where('id', '=', id)
    .execute();
}

/** Who it is becomes doubtful, or a person is sure again. */
async function doubt({ db, clock }: SimulatedWorld, id: string): Promise<void> {
  const doubts = JSON.stringify([{ kind: 'cloned-identity', since: timestamp(clock.now()) }]);
  const { doubts: known } = await db
    .selectFrom('instance')
    .select('doubts')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await db
    .updateTable('instance')
    .set({ doubts: known === '[]' ? doubts : '[]' })
    .where('id', '=', id)
    .execute();
}

/** One that is isolated stays so. */
function stop({ cloud }: Pick<SimulatedWorld, 'cloud'>, providerId: string): void {
  if (cloud.machines.get(providerId)?.state !== 'isolated') cloud.set(providerId, 'stopped');
}

/** A machine dies, or its provider says that it does not work as it should; its agent with it, or not. */
function fail(
  { cloud, offline }: SimulatedWorld,
  row: { readonly id: string; readonly provider_id: string | null },
  random: Random,
) {
  const machine = row.provider_id ?? '';
  if (random.next() < 0.5) stop({ cloud }, machine);
  else cloud.impair(machine, random.next() < 0.8);
  if (random.next() < 0.8) offline.add(row.id);
}

/** What it is can be measured no more, or can be again. */
async function blind({ db, clock }: SimulatedWorld, id: string): Promise<void> {
  const row = await db
    .selectFrom('instance')
    .select(['verdict', 'taint_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (row.taint_at !== null) return;
  const verdict = row.verdict === 'in_sync' ? ('unverifiable' as const) : ('in_sync' as const);
  await db
    .updateTable('instance')
    .set({ verdict, verdict_at: timestamp(clock.now()) })
    .where('id', '=', id)
    .execute();
}

/** A person asks for one, whether that may be or not. */
async function ask({ db, clock }: SimulatedWorld, instanceId: string, random: Random): Promise<void> {
  const { policy } = random.pick(await readPolicies(db));
  const request = { instanceId, policy: policy.name, reason: 'slow', actor: 'somebody' };
  await requestReplacement(db, request, clock.now()).catch((error: unknown) => {
    if (!(error instanceof CodedError)) throw error;
  });
}

/** A policy is set to observe, or to enforce. */
async function turn({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const { policy } = random.pick(await readPolicies(db));
  const mode = policy.mode === 'enforce' ? 'observe' : 'enforce';
  await applyDocument(db, { ...policy, mode }, timestamp(clock.now()), random.pick(people));
}

/** A person keeps a machine, keeps it longer, lets it go, or gives a replacement up: whatever is refused is no matter. */
async function keepOrLetGo({ db, clock }: SimulatedWorld, random: Random, any: string): Promise<void> {
  const now = clock.now();
  const kept = await db
    .selectFrom('quarantine')
    .select('instance_id')
    .where('state', '!=', 'ended')
    .orderBy('id')
    .execute();
  const instanceId = kept.length > 0 ? random.pick(kept).instance_id : any;
  const decision = { instanceId, reason: 'seen', actor: 'somebody' };
  const open = await db.selectFrom('replacement').select('id').where('state', 'not in', ended).orderBy('id').execute();
  const id = open.length > 0 ? random.pick(open).id : 'none';
  const act = random.pick([
    () => startQuarantine(db, { ...decision, instanceId: any }, now),
    () => releaseQuarantine(db, decision, now),
    () => extendQuarantine(db, { ...decision, by: '1h' }, now),
    () => abortReplacement(db, { id, reason: 'seen', actor: 'somebody' }, now),
  ]);
  await act().catch(unlessRefused);
}

/** A person has what is stuck tried again, and lets another begin where retries were spent. */
async function helpOut({ db, clock }: SimulatedWorld): Promise<void> {
  const waiting = await db
    .selectFrom('replacement')
    .select('id')
    .where(({ eb, or, and }) =>
      or([
        eb('state', '=', 'stuck'),
        and([eb('state', '=', 'failed'), eb('attempt', '>', 2), eb('reopened_at', 'is', null)]),
      ]),
    )
    .execute();
  for (const { id } of waiting)
    await retryReplacement(db, { id, reason: 'seen', actor: 'somebody' }, clock.now()).catch(unlessRefused);
}

/** What nothing replaces is down, and holds back all else where hardly anything may be. */
async function letGoWhatNothingReplaces({ db, clock }: SimulatedWorld): Promise<void> {
  const alone = await db
    .selectFrom('quarantine')
    .select('instance_id')
    .where('replacement_id', 'is', null)
    .where('state', '!=', 'ended')
    .where('released_at', 'is', null)
    .execute();
  for (const { instance_id: instanceId } of alone)
    await releaseQuarantine(db, { instanceId, reason: 'seen', actor: 'somebody' }, clock.now()).catch(unlessRefused);
}

/** A person ends machines that are told of because nobody speaks for them. */
async function endWhatIsAbsent(world: SimulatedWorld): Promise<void> {
  const rows = await world.db.selectFrom('machine').select('provider_id').where('told', '=', 'absent').execute();
  for (const { provider_id: id } of rows) world.lose(id);
}

/** And says of instances that they are no more, where neither the provider nor an agent has anything of them. */
async function retireWhatIsGone({ db, clock, cloud }: SimulatedWorld): Promise<void> {
  const rows = await db
    .selectFrom('instance')
    .select(['id', 'provider_id'])
    .where('lifecycle', '=', 'active')
    .execute();
  for (const { id, provider_id: machine } of rows) {
    if (machine !== null && !cloud.machines.has(machine))
      await retire(db, { instanceId: id, reason: 'seen', actor: 'somebody' }, clock.now()).catch(unlessRefused);
  }
}

const ended = ['succeeded', 'failed'];

function unlessRefused(error: unknown): void {
  if (!(error instanceof CodedError)) throw error;
}

/** Somebody has a group promote something else. */
async function promote({ db, clock }: SimulatedWorld, random: Random): Promise<void> {
  const { group } = random.pick((await readGroups(db)).filter(({ group: { name } }) => name !== idleGroup));
  const canary = random.pick([undefined, undefined, 'web@8', 'web@9']);
  const images = { stable: random.pick(['web@7', 'web@8', 'web@9']), ...(canary && { canary }) };
  await applyDocument(db, { ...group, images }, timestamp(clock.now()));
}

async function resumeRollouts({ db, clock }: SimulatedWorld): Promise<void> {
  for (const { group, image, paused } of await readRollouts(db)) {
    if (paused !== null) await resumeRollout(db, { group, image, actor: 'somebody', reason: 'seen' }, clock.now());
  }
}

async function reopenBreakers({ db, clock }: SimulatedWorld): Promise<void> {
  for (const { group, breaker } of await readGroups(db)) {
    if (breaker !== null) await resetBreaker(db, group.name, 'seen', timestamp(clock.now()));
  }
}

/** Agents that are connected sweep: what a server knows of them is fresh. */
async function refreshScans({ db, clock, offline }: SimulatedWorld): Promise<void> {
  const at = timestamp(clock.now());
  await db
    .updateTable('instance')
    .set({ scan_finished_at: at, last_seen_at: at })
    .where('lifecycle', '!=', 'retired')
    .where('id', 'not in', [...offline, ''])
    // Whoever is being measured has just been.
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom('replacement')
            .select('replacement.id')
            .where('replacement.state', 'not in', ['succeeded', 'failed'])
            .where(sql<boolean>`'r-' || replacement.id = ${ref('instance.launch_key')}`),
        ),
      ),
    )
    .execute();
}

async function comeToRest(world: SimulatedWorld, scene: Scene, invariants: Invariants): Promise<readonly string[]> {
  const { db, clock, cloud } = world;
  world.calm();
  await letAllGo(world);
  for (const { providerId, state } of cloud.machines.values()) {
    if (state === 'stopped') cloud.set(providerId, 'running');
    cloud.impair(providerId, false);
  }
  const at = timestamp(clock.now());
  for (const { group } of await readGroups(db))
    await applyDocument(db, { ...group, images: { stable: 'web@7' }, canary: undefined }, at);
  await db.updateTable('instance').set({ doubts: '[]' }).execute();
  await endAllExemptions(world);
  await db.updateTable('instance').set({ verdict: 'in_sync' }).where('verdict', '=', 'unverifiable').execute();
  for (const { policy } of await readPolicies(db)) await applyDocument(db, { ...policy, mode: 'observe' }, at);
  for (const { name } of scene.groups) {
    const triggers = [{ drift: { severity: 'low', settle: 0 } }];
    const strategy = { verifyWithin: '10m', soak: '5s' };
    const select = { group: name };
    const policy = { kind: 'Policy', name: `rest-${name}`, mode: 'enforce', select, triggers, strategy };
    await applyDocument(db, Policy.parse({ ...policy, budgets: [{ max: 1 }] }), at);
  }
  const all = scene.groups.map(({ name, size }) => [name, size] as const);
  // Whichever group fails, the others come to their end; and then so does it.
  const others = await restOf(world, new Map(all.filter(([name]) => name !== scene.failing)), invariants);
  if (others.length > 0 || scene.failing === null) return others;
  world.mend();
  return restOf(world, new Map(all), invariants);
}

async function restOf(
  world: SimulatedWorld,
  sizes: ReadonlyMap<string, number>,
  invariants: Invariants,
): Promise<readonly string[]> {
  const { clock } = world;
  let left: readonly string[] = [];
  const from = clock.monotonic();
  for (let step = 0; step < restStepsMax; step++) {
    await reopenBreakers(world);
    if (step % 10 === 9) await helpOut(world);
    if (step % 10 === 0) await letGoWhatNothingReplaces(world);
    if (step % 10 === 5) await endWhatIsAbsent(world);
    if (step % 100 === 99) await retireWhatIsGone(world);
    await resumeRollouts(world);
    const wrong = await aStep(world, invariants, step % 2 === 1 ? 120_000 : 10_000);
    if (wrong.length > 0) return wrong;
    // What was called before may have its effect so late.
    if (clock.monotonic() - from < restMsMin) continue;
    left = await invariants.atRest(sizes);
    if (left.length === 0) return [];
  }
  return left.map((what) => `at rest: ${what}`);
}
