import { createEventFeed } from '../../server/fleet/event-feed.ts';
import { createExemptionKeeper } from '../../server/fleet/exemption-keeper.ts';
import type { LaunchRequest, Machine } from '../../server/provider/provider.ts';
import { type Controller, createController } from '../../server/replace/controller.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { type Db, openDatabase } from '../../server/store/database.ts';
import { readLease } from '../../server/store/lease-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { Policy } from '../../shared/policy.ts';
import { aGroup, anImageDigest, anInstanceRow } from '../support/builders.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createMemoryProvider, type Fault, type MemoryProvider } from '../support/memory-provider.ts';
import type { Random } from '../support/random.ts';
import { enrol, signer, sweepAgain } from '../support/replacement-world.ts';
import { insertImage } from '../support/rows.ts';
import type { Scene } from './draw.ts';
import { aLyingCloud, type LyingCloud } from './lies.ts';
import { type Act, aProcess, type SimulatedProcess } from './process.ts';

export const evidenceTtlMs = 3 * 3_600_000;
/** Longer than most of the leaps of time that a seed makes, so that a lease is lost in some of them only. */
export const leaseMsMax = 600_000;
/** A call that comes that late had its caller give up long before. */
const lateMs = 600_000;
export const otherImageDigest = digestOf('image web@8');
/** Of so many that a hundredth of the fleet is more than one; nothing happens in it. */
export const idleGroup = 'idle';

/** The real controller, planner, state machine and store over a cloud and agents that do as the seed says. */
export interface SimulatedWorld {
  readonly db: Db;
  readonly clock: FakeClock;
  /** As it is; servers see what `lies` lets them. */
  readonly cloud: MemoryProvider;
  readonly lies: LyingCloud;
  readonly offline: Set<string>;
  /** By instance, the machine that its agent runs on. */
  readonly runsOn: ReadonlyMap<string, string>;
  /** What servers did, with whoever had the lease then. */
  readonly acts: readonly Act[];
  /**
   * Has the server that leads do something while no time passes and nothing goes wrong. `settle` waits until nobody has
   * anything to do. Nothing is done where nobody leads, or that server is stopped.
   */
  quietly(
    work: (leader: Controller, settle: () => Promise<void>) => Promise<readonly string[]>,
  ): Promise<readonly string[]>;
  /** Nothing goes wrong any more. */
  calm(): void;
  /** The group that fails whatever happens fails no more. */
  mend(): void;
  /** Agents are connected again, but for those whose machines are gone. */
  reconnect(): void;
  /** The machine is gone, and its agent with it. */
  lose(providerId: string): void;
  /** A server, or the one that leads, dies at the n-th moment from now, if it gets there, and another begins. */
  crashSoon(moments: number): void;
  /** The server that leads is stopped for a while. */
  pauseLeader(ms: number): Promise<void>;
  /** Lets so much time pass, and waits until nobody has anything to do. */
  pass(ms: number): Promise<void>;
  crashes(): number;
  end(): Promise<void>;
}

export async function aSimulatedWorld(scene: Scene, random: Random): Promise<SimulatedWorld> {
  const db = await openDatabase({ file: ':memory:' });
  const clock = createFakeClock();
  const cloud = createMemoryProvider();
  const offline = new Set<string>();
  let isCalm = false;
  /** For a moment. */
  let isQuiet = false;
  let failing = scene.failing;
  cloud.faultOf = () => (isCalm || isQuiet || random.next() >= scene.faultShare ? undefined : aFault(random, clock));
  cloud.zoneOf = () => random.pick(scene.zones);
  const images = ['web@7', 'web@8', 'web@9'];
  const lies = aLyingCloud({
    cloud,
    groups: scene.groups.map(({ name }) => name),
    images,
    random,
    share: scene.lieShare,
  });
  const runsOn = await populate(db, cloud, scene, clock);

  // Whichever server does it: it is no act of the one that leads.
  const keeper = createExemptionKeeper({ db, clock, feed: createEventFeed(), log: { error: () => {} } });
  keeper.start();
  let crashes = 0;
  let begun = 0;
  const acts: Act[] = [];
  const agentsAt = new Map<string, number>();
  const asked = new Set<string>();
  const controllers = new Map<string, Controller>();
  let servers = Array.from({ length: scene.servers }, begin);

  async function launchOrFail(request: LaunchRequest): Promise<Machine> {
    if (request.group.name === failing) throw new CodedError('IO', `no machine can be had in ${failing}`);
    return lies.provider.launch(request);
  }

  /** A server is a process: all that it had under way ends with it. */
  function begin(): SimulatedProcess {
    begun += 1;
    const storeFault = () =>
      isCalm || isQuiet || random.next() >= scene.storeFaultShare
        ? undefined
        : random.pick(['before', 'after'] as const);
    const provider = { ...lies.provider, launch: launchOrFail };
    const process = aProcess(`server-${begun}`, {
      db,
      cloud: provider,
      clock,
      storeFault,
      note: (act) => acts.push(act),
    });
    const controller = createController({
      ...{ db: process.db, feed: createEventFeed(), clock, signer, evidenceTtlMs },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      providers: () => process.provider,
      serverUrl: () => 'ws://127.0.0.1:7420',
      lease: { holder: process.server, isAlone: scene.servers === 1, msMax: leaseMsMax },
      isOnline: (id) => !offline.has(id),
      hasReported: (id) => !offline.has(id),
      look: async () => {
        throw new CodedError('CONFLICT', 'nobody looks from outside');
      },
      sweep: (id) => asked.add(id).has(id),
    });
    controller.start();
    controllers.set(process.server, controller);
    return process;
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (servers.every((server) => !server.isDead())) return;
    crashes += 1;
    servers = servers.map((server) => (server.isDead() ? begin() : server));
    await settle();
  }

  /** An agent that was asked for a sweep makes one, or forgets; at rest all sweep by themselves. */
  async function sweep(): Promise<void> {
    const made = isCalm ? await madeByReplacements(db) : [...asked];
    asked.clear();
    for (const id of made) {
      if (!isCalm && (offline.has(id) || random.next() < scene.badAgentShare)) continue;
      await sweepAgain(db, id, clock);
    }
  }

  async function speak(): Promise<void> {
    await sweep();
    for (const machine of cloud.machines.values()) {
      if (machine.request === null || machine.state !== 'running') continue;
      const at = agentsAt.get(machine.providerId) ?? clock.monotonic() + 1_000 * random.below(90);
      agentsAt.set(machine.providerId, at);
      if (clock.monotonic() < at) continue;
      const { image, joinToken } = machine.request;
      const isBad = scene.badImage && image === 'web@9';
      const bad = () => (isBad ? aDrifted(clock) : aBadAgent(random, clock));
      const found = isCalm || !(isBad || random.next() < scene.badAgentShare) ? {} : bad();
      if (found === 'silent') continue;
      await enrol(db, joinToken, clock, { image_digest: digestOf(`image ${image}`), ...found });
      await noteWhere(machine.providerId, joinToken);
    }
  }

  /** With one token one agent enrols, wherever it runs. */
  async function noteWhere(providerId: string, joinToken: string): Promise<void> {
    const key = digestOf(joinToken);
    const row = await db.selectFrom('instance').select('id').where('key_id', '=', key).executeTakeFirst();
    if (row !== undefined && !runsOn.has(row.id)) runsOn.set(row.id, providerId);
  }

  function reconnect(): void {
    for (const id of offline) if (cloud.machines.has(runsOn.get(id) ?? '')) offline.delete(id);
  }

  /** Whose machine has gone says nothing any more. */
  function silenceTheDead(): void {
    for (const [id, machine] of runsOn) if (!cloud.machines.has(machine)) offline.add(id);
  }

  // What a server does first must be over before anybody looks at how things are.
  await settle();
  return {
    ...{ db, clock, cloud, lies, offline, runsOn, acts, reconnect },
    async quietly(work) {
      const leading = servers.find(({ server }) => controllers.get(server)?.leads());
      const controller = controllers.get(leading?.server ?? '');
      if (controller === undefined || leading?.isPaused()) return [];
      isQuiet = true;
      lies.isQuiet = true;
      try {
        return await work(controller, settle);
      } finally {
        isQuiet = false;
        lies.isQuiet = false;
      }
    },
    calm() {
      isCalm = true;
      lies.end();
      reconnect();
    },
    mend() {
      failing = null;
    },
    lose(providerId) {
      lies.lose(providerId);
      silenceTheDead();
    },
    crashSoon: (moments) => random.pick(servers).die(moments),
    async pauseLeader(ms) {
      const { holder } = await readLease(db, 'scheduler');
      servers.find(({ server }) => server === holder)?.pause(ms);
    },
    async pass(ms) {
      clock.advance(ms);
      await settle();
      silenceTheDead();
      await speak();
      await settle();
    },
    crashes: () => crashes,
    async end() {
      for (const server of servers) server.die();
      await keeper.stop();
      await db.destroy();
    },
  };
}

async function madeByReplacements(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('replacement')
    .select('new_instance_id')
    .where('state', 'in', ['soaking', 'stuck'])
    .execute();
  return rows.flatMap(({ new_instance_id: id }) => id ?? []);
}

function aFault(random: Random, clock: FakeClock): Fault {
  return random.pick<() => Fault>([
    () => 'before',
    () => 'after',
    () => 'twice',
    () => clock.sleep(1_000 * (1 + random.below(20))),
    () => clock.sleep(lateMs),
    () => new Promise(() => {}),
  ])();
}

function aDrifted(clock: FakeClock) {
  return { verdict: 'drifted' as const, taint_severity: 'high', taint_at: timestamp(clock.now()) };
}

function aBadAgent(random: Random, clock: FakeClock) {
  return random.pick([
    'silent' as const,
    aDrifted(clock),
    { image_digest: otherImageDigest },
    { verdict: 'unverifiable' as const, scan_id: null, coverage: null },
    { scan_started_at: '2025-12-31T23:59:59.999Z' },
  ]);
}

async function populate(
  db: Db,
  cloud: MemoryProvider,
  { groups, policies, zones, idle, isExperienced }: Scene,
  clock: FakeClock,
): Promise<Map<string, string>> {
  const runsOn = new Map<string, string>();
  const at = timestamp(clock.now());
  await insertImage(db, { digest: anImageDigest, version: '7' });
  await insertImage(db, { digest: otherImageDigest, version: '8' });
  await insertImage(db, { digest: digestOf('image web@9'), version: '9' });
  await insertImage(db, { digest: digestOf('image db@1'), name: 'db', version: '1' });
  const all = [...groups, ...(idle === 0 ? [] : [{ name: idleGroup, size: idle, canary: undefined }])];
  for (const { name, size, canary } of all) {
    await applyDocument(
      db,
      name === idleGroup
        ? aGroup({ name, labels: { of: name, tier: 'back' }, images: { stable: 'db@1' } })
        : aGroup({ name, canary, labels: { of: name, tier: 'front' } }),
      at,
    );
    for (let n = 0; n < size; n++) {
      const row = anInstanceRow({
        ...{ id: `i-${name}-${n}`, group_name: name, provider_id: `old-${name}-${n}` },
        key_id: digestOf(`key ${name} ${n}`),
        ...{ scan_started_at: at, scan_finished_at: at },
        ...(name === idleGroup && { image_digest: digestOf('image db@1') }),
      });
      await db.insertInto('instance').values(row).execute();
      cloud.add(name, row.provider_id ?? '', zones[n % zones.length]);
      runsOn.set(row.id, row.provider_id ?? '');
    }
  }
  for (const policy of policies) await applyDocument(db, Policy.parse(policy), at);
  if (isExperienced)
    await remember(db, [...policies.map(({ name }) => String(name)), ...groups.map(({ name }) => `rest-${name}`)], at);
  return runsOn;
}

/** Replacements of long ago, in the group in which nothing happens. */
async function remember(db: Db, policies: readonly string[], at: string): Promise<void> {
  for (const policy of policies) {
    for (let n = 0; n < 3; n++) {
      const old = anInstanceRow({ id: `past-${policy}-${n}`, group_name: idleGroup, lifecycle: 'retired' });
      await db
        .insertInto('instance')
        .values({ ...old, key_id: digestOf(`key ${old.id}`), provider_id: old.id })
        .execute();
      const row = {
        ...{ id: old.id, group_name: idleGroup, policy, policy_version: 1, policy_digest: null, approval: null },
        ...{ cause: '{"trigger":"drift","severity":"high","fingerprints":[]}', shapes: '[]', state: 'succeeded' },
        ...{ target_digest: anImageDigest, old_instance_id: old.id, old_provider_id: old.id, zone: null },
        ...{ new_instance_id: null, new_provider_id: null, launched_at: at, retired_at: at, deadline_at: null },
        ...{ soak_ends_at: null, attempts: 0, scan: null, error: null, proof: null },
        ...{ created_at: '2025-12-01T00:00:00.000Z', updated_at: '2025-12-01T00:00:00.000Z' },
      };
      await db.insertInto('replacement').values(row).execute();
    }
  }
}
