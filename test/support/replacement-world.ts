import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { Insertable } from 'kysely';
import { createEventFeed } from '../../server/fleet/event-feed.ts';
import type { Provider } from '../../server/provider/provider.ts';
import { type Controller, createController } from '../../server/replace/controller.ts';
import { type LeaseTerms, leaseMsMax } from '../../server/replace/house.ts';
import { launchKeyOf } from '../../server/replace/launch-key.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { type Db, openDatabase } from '../../server/store/database.ts';
import { recordEvidence } from '../../server/store/evidence-store.ts';
import type { InstanceTable } from '../../server/store/tables.ts';
import { redeemToken } from '../../server/store/token-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { Policy } from '../../shared/policy.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aCoverage, aGroup, anInstanceRow } from './builders.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts';
import { insertImage } from './rows.ts';

const { privateKey } = generateKeyPairSync('ed25519');
export const signer = {
  key: privateKey,
  publicPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
};
const evidenceTtlMs = 3 * 3_600_000;

/** A group of six with a policy that enforces, over a real database and a cloud in memory. Agents say what a test lets them. */
export interface ReplacementWorld {
  readonly db: Db;
  readonly clock: FakeClock;
  readonly provider: MemoryProvider;
  readonly logged: readonly string[];
  readonly instances: readonly string[];
  /** Those whose agents are not connected. */
  readonly silenced: Set<string>;
  /** Asked for before a proof: answers what the test lets it. */
  look: (instanceId: string) => Promise<unknown>;
  /** Asked for after a soak; the agent sweeps when it speaks next, whatever it was told to say of itself. */
  sweep: (instanceId: string) => boolean;
  /** How the agents of machines launched from now on find themselves. */
  agents: Partial<Insertable<InstanceTable>> | 'silent';
  /** A controller on this database, as after a start: that of before is dead, unless the new one is not alone. */
  control(through?: Through): Controller;
  taint(instanceId: string, severity?: string): Promise<void>;
  /** New machines' agents enrol with their tokens and report one complete scan. */
  speak(): Promise<void>;
  /** Ticks, agents and seconds, until it holds. Errors after `secondsMax`. */
  until(controller: Controller, holds: () => Promise<boolean>, secondsMax?: number): Promise<void>;
  replacements(): Promise<readonly { readonly id: string; readonly state: string; readonly error: string | null }[]>;
  states(id: string): Promise<readonly string[]>;
}

export interface Through {
  /** Another handle or provider, where those are to fail. */
  readonly db?: Db;
  readonly provider?: Provider;
  readonly lease?: Partial<LeaseTerms>;
}

export async function aReplacementWorld(policy: Record<string, unknown> = {}): Promise<ReplacementWorld> {
  const db = await openDatabase({ file: ':memory:' });
  const clock = createFakeClock();
  const provider = createMemoryProvider();
  const logged: string[] = [];
  const log = (level: string) => (fields: unknown, message?: string) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const feed = createEventFeed();
  const at = timestamp(clock.now());
  await applyDocument(db, aGroup(), at);
  const document = { kind: 'Policy', name: 'web', select: { group: 'web' }, mode: 'enforce', budgets: [{ max: 1 }] };
  const triggers = [{ drift: { severity: 'low', settle: 0 } }];
  const strategy = { verifyWithin: '60s', drainTimeout: '30s', soak: '5s' };
  await applyDocument(db, Policy.parse({ ...document, triggers, strategy, ...policy }), at);
  await insertImage(db);
  let servers = 0;
  const instances = [];
  for (let index = 0; index < 6; index += 1) {
    const row = anInstanceRow();
    instances.push(row.id);
    await db.insertInto('instance').values(row).execute();
    provider.add('web', row.provider_id ?? '');
  }

  const silenced = new Set<string>();
  const asked = new Set<string>();
  const world: ReplacementWorld = {
    ...{ db, clock, provider, logged, instances, silenced },
    agents: {},
    look: async () => {
      throw new CodedError('CONFLICT', 'nobody looks from outside');
    },
    sweep: (id) => asked.add(id).has(id),
    control(through = {}) {
      servers += 1;
      return createController({
        ...{ db: through.db ?? db, feed, clock, signer, evidenceTtlMs },
        log: { info: log('info'), warn: log('warn'), error: log('error') },
        providers: () => through.provider ?? provider,
        serverUrl: () => 'ws://127.0.0.1:7420',
        isOnline: (id) => !silenced.has(id),
        hasReported: () => true,
        look: (instanceId) => world.look(instanceId),
        sweep: (instanceId) => world.sweep(instanceId),
        lease: { holder: `server-${servers}`, isAlone: true, msMax: leaseMsMax, ...through.lease },
      });
    },
    async taint(id, severity = 'high') {
      const since = timestamp(clock.now());
      const tainted = { verdict: 'drifted' as const, taint_severity: severity, taint_at: since };
      await db.updateTable('instance').set(tainted).where('id', '=', id).execute();
    },
    async speak() {
      for (const id of asked) await sweepAgain(db, id, clock);
      asked.clear();
      if (world.agents === 'silent') return;
      for (const machine of provider.machines.values()) {
        if (machine.request && machine.state === 'running')
          await enrol(db, machine.request.joinToken, clock, world.agents);
      }
    },
    async until(controller, holds, secondsMax = 200) {
      for (let second = 0; second < secondsMax; second += 1) {
        await controller.tick();
        if (await holds()) return;
        await world.speak();
        clock.advance(1_000);
      }
      throw new Error(`it never held:\n${logged.join('\n')}\n${JSON.stringify(await world.replacements())}`);
    },
    replacements: () => db.selectFrom('replacement').select(['id', 'state', 'error']).orderBy('id').execute(),
    async states(id) {
      const rows = await db
        .selectFrom('replacement_step')
        .select('state')
        .where('replacement_id', '=', id)
        .orderBy('n')
        .execute();
      return rows.map(({ state }) => state);
    },
  };
  return world;
}

/** One more complete scan, as an agent makes when it is asked. Who has drifted, or never scanned, is left as it is. */
export async function sweepAgain(db: Db, id: string, clock: FakeClock): Promise<void> {
  const row = await db.selectFrom('instance').selectAll().where('id', '=', id).executeTakeFirst();
  if (row?.verdict !== 'in_sync' || row.scan_id === null || row.lifecycle === 'retired') return;
  const at = timestamp(clock.now());
  const scan = { scan_id: uuidv7(clock.now()), scan_started_at: at, scan_finished_at: at };
  await db.updateTable('instance').set(scan).where('id', '=', id).execute();
  const said = { imageDigest: row.image_digest, rules: row.rules, verdict: row.verdict };
  const found = { ...said, stateDigest: row.state_digest ?? '', startedAt: at, finishedAt: at };
  await recordEvidence(db, { instanceId: id, ...found }, evidenceTtlMs);
}

export async function enrol(db: Db, token: string, clock: FakeClock, found: Partial<Insertable<InstanceTable>>) {
  const grant = await redeemToken(db, token, clock.now());
  if (grant === undefined) return;
  const at = timestamp(clock.now());
  const row = anInstanceRow({
    id: uuidv7(clock.now()),
    key_id: digestOf(token),
    group_name: grant.group,
    launch_key: grant.launchKey,
    provider_id: grant.providerId,
    image_digest: grant.imageDigest,
    enrolled_at: at,
    coverage: JSON.stringify(aCoverage()),
    scan_started_at: at,
    scan_finished_at: at,
    ...found,
  });
  await db.insertInto('instance').values(row).execute();
  if (row.scan_id === null || row.scan_id === undefined) return;
  const scan = { startedAt: row.scan_started_at ?? at, finishedAt: row.scan_finished_at ?? at };
  const said = { imageDigest: row.image_digest, rules: row.rules, verdict: row.verdict };
  await recordEvidence(
    db,
    { instanceId: row.id, ...said, stateDigest: row.state_digest ?? '', ...scan },
    evidenceTtlMs,
  );
}

export function newMachineOf(provider: MemoryProvider, replacementId: string) {
  return [...provider.machines.values()].find(({ launchKey }) => launchKey === launchKeyOf(replacementId));
}
