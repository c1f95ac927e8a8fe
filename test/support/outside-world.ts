import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { createEventFeed } from '../../server/fleet/event-feed.ts';
import { keepEntries, pushImage } from '../../server/fleet/images.ts';
import { applyReport } from '../../server/intake/apply-report.ts';
import { createLooker, type Looker, type LookerOptions } from '../../server/outside/looker.ts';
import type { Sweep } from '../../server/outside/sweep.ts';
import type { Db } from '../../server/store/database.ts';
import { openEntriesStore } from '../../server/store/entries-store.ts';
import { findInstance } from '../../server/store/instance-store.ts';
import { trustKey } from '../../server/store/key-store.ts';
import { findLook, type StoredLook } from '../../server/store/look-store.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Hole } from '../../shared/coverage.ts';
import { digestOf, sha256Hex } from '../../shared/digest.ts';
import { signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import type { Finding } from '../../shared/finding.ts';
import { manifestPredicateType } from '../../shared/manifest.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { schemeOf } from '../../shared/scheme.ts';
import { aCoverage, aFinding, aPrintedReport, aTime } from './builders.ts';
import { aDatabase, aDirectory } from './database.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts';
import { aReport } from './reports.ts';
import { insertGroup, insertInstance } from './rows.ts';
import { rulesEnvelope } from './rules.ts';

/** What the image of the model has: each file with the same text. */
export const bakedNames = ['a', 'b', 'c', 'd'] as const;
export const bakedText = 'baked';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

type Files = ReadonlyMap<string, string>;

/** An agent that keeps what it has to tell until it is delivered, in order. */
export interface ModelAgent {
  /** What it sees; an honest one sees the disk. */
  sees: () => Files;
  holes: readonly Hole[];
  isOnline: boolean;
  /** Requests of the server's that no sweep has answered. */
  readonly asked: readonly string[];
  sweep(): void;
  check(): void;
  /** Whether a sweep is under way: it began to look, and has yet to tell. */
  begin(): void;
  deliver(max?: number): Promise<void>;
}

export interface OutsideWorld {
  readonly db: Db;
  readonly clock: FakeClock;
  readonly provider: MemoryProvider;
  readonly looker: Looker;
  readonly instanceId: string;
  readonly providerId: string;
  readonly imageDigest: string;
  readonly agent: ModelAgent;
  readonly scans: readonly string[];
  disk(): Files;
  write(name: string, text: string): void;
  remove(name: string): void;
  /** As a server that is stopped and started. */
  restart(): Promise<void>;
  /** Until the look has ended; `each` time something may happen. */
  ended(lookId: string, each?: () => Promise<void>): Promise<StoredLook>;
  close(): Promise<void>;
}

export interface OutsideOptions
  extends Partial<Pick<LookerOptions, 'everyMs' | 'answerMsMax' | 'random' | 'atOnceMax'>> {
  /** Before the sweep, and between its two halves. */
  readonly whileSweeping?: () => Promise<void>;
  readonly sweep?: (honest: Sweep) => Sweep;
}

/** A group with one instance, whose disk is a real directory, and a looker that reads it without a child. */
export async function anOutsideWorld(options: OutsideOptions = {}): Promise<OutsideWorld> {
  const db = await aDatabase();
  const clock = createFakeClock(Date.parse(aTime) + 3_600_000);
  const provider = createMemoryProvider();
  const entries = openEntriesStore(join(aDirectory(), 'entries'));
  await insertGroup(db);
  await trustKey(db, { name: 'ci', pem, at: aTime });
  const image = await pushImage(
    db,
    { manifest: aManifest(), rules: rulesEnvelope({ sequence: 1, key: privateKey }) },
    0,
  );
  await keepEntries({ db, entries }, image.digest, Readable.from([zstdCompressSync(Buffer.from('entries'))]));
  const providerId = 'm-1';
  provider.add('web', providerId);
  const instanceId = await insertInstance(db, { image_digest: image.digest, provider_id: providerId, boot: 1, seq: 0 });
  for (const name of bakedNames) provider.write(providerId, name, bakedText);
  const disk = () => filesIn(provider.diskOf(providerId));
  const scans: string[] = [];
  const agent = aModelAgent(db, clock, instanceId, image.digest, disk);

  const honest: Sweep = async (root, _baseline, signal) => {
    const pause = () => Promise.race([options.whileSweeping?.(), aborted(signal)]);
    const startedAt = timestamp(clock.now());
    const names = [...new Set([...bakedNames, ...filesIn(root).keys()])].sort();
    const found: Finding[] = [];
    if (options.whileSweeping) await pause();
    for (const [at, name] of names.entries()) {
      if (options.whileSweeping && at === names.length >> 1) await pause();
      found.push(...differencesOf(filesIn(root), [name]));
    }
    return aPrintedReport({
      ...{ startedAt, finishedAt: timestamp(clock.now()), findings: found, rules: 1 },
      verdict: found.length > 0 ? 'drifted' : 'in_sync',
      coverage: aCoverage({ checked: names.length, entries: bakedNames.length }),
    });
  };
  const { whileSweeping: _while, sweep, ...limits } = options;
  const start = () => {
    const looker = createLooker({
      ...{
        db,
        clock,
        entries,
        feed: createEventFeed(),
        providers: () => provider,
        directory: join(aDirectory(), 'looks'),
      },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      sweep: sweep?.(honest) ?? honest,
      agents: {
        isOnline: () => agent.isOnline,
        requestScan(_id, request) {
          if (!agent.isOnline) return false;
          scans.push(request ?? '');
          (agent.asked as string[]).push(request ?? '');
          return true;
        },
      },
      ...{ random: Math.random, everyMs: null, atOnceMax: 1, answerMsMax: 6 * 3_600_000, ...limits },
    });
    looker.start();
    return looker;
  };
  let looker = start();

  return {
    get looker() {
      return looker;
    },
    async restart() {
      await looker.stop();
      looker = start();
    },
    ...{ db, clock, provider, instanceId, providerId, imageDigest: image.digest, agent, scans, disk },
    write: (name, text) => provider.write(providerId, name, text),
    remove: (name) => rmSync(join(provider.diskOf(providerId), name), { force: true }),
    async ended(lookId, each = async () => {}) {
      for (let turn = 0; turn < 20_000; turn += 1) {
        const look = await findLook(db, lookId);
        if (look?.state === 'ended') return look;
        await each();
        clock.advance(1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error(`the look never ended: ${JSON.stringify(await findLook(db, lookId))}`);
    },
    async close() {
      await looker.stop();
      await db.destroy();
    },
  };
}

/** Its agent has told of one sweep. It ends with the test. */
export async function aSweptWorld(options: OutsideOptions = {}): Promise<OutsideWorld> {
  const world = await anOutsideWorld(options);
  onTestFinished(() => world.close());
  world.agent.sweep();
  await world.agent.deliver();
  return world;
}

/** An agent that does what it is asked for, at once. */
export function obedient({ agent }: OutsideWorld): () => Promise<void> {
  return async () => {
    if (agent.asked.length > 0) agent.sweep();
    await agent.deliver();
  };
}

/** A look that a person asks for, to its end. */
export async function look(world: OutsideWorld, each = obedient(world)): Promise<StoredLook> {
  return world.ended(await world.looker.ask(world.instanceId, 'requested'), each);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function aModelAgent(db: Db, clock: FakeClock, instanceId: string, image: string, disk: () => Files): ModelAgent {
  const spool: Omit<ReportMessage, 'stateDigest'>[] = [];
  const asked: string[] = [];
  let seq = 0;
  let open = new Map<string, Finding>();
  let underWay: { readonly found: Files; readonly answers: string | undefined; readonly startedAt: string } | undefined;
  const differences = (files: Files) =>
    differencesOf(files, [...new Set([...bakedNames, ...files.keys()])].sort()).filter(
      ({ name }) => !agent.holes.some((hole) => hole.name === name),
    );
  const put = (report: Partial<ReportMessage>) => {
    seq += 1;
    spool.push(
      aReport({
        ...{ boot: 2, seq, image, startedAt: timestamp(clock.now()), finishedAt: timestamp(clock.now()) },
        coverage: aCoverage({ holes: [...agent.holes] }),
        ...report,
      }),
    );
  };
  const agent: ModelAgent = {
    ...{ sees: disk, holes: [], isOnline: true, asked },
    begin() {
      underWay ??= { found: agent.sees(), answers: asked.at(-1), startedAt: timestamp(clock.now()) };
    },
    sweep() {
      agent.begin();
      const { found, answers, startedAt } = underWay!;
      underWay = undefined;
      if (answers !== undefined) asked.splice(0, asked.indexOf(answers) + 1);
      const opened = differences(found);
      open = new Map(opened.map((finding) => [finding.fingerprint, finding]));
      put({ opened, startedAt, ...(answers !== undefined && answers !== '' && { answers }) });
    },
    // While a sweep is under way, hints wait.
    check() {
      if (underWay !== undefined || seq === 0) return;
      const now = new Map(differences(agent.sees()).map((finding) => [finding.fingerprint, finding]));
      const opened = [...now.values()].filter(({ fingerprint }) => !open.has(fingerprint));
      const cleared = [...open.keys()].filter((fingerprint) => !now.has(fingerprint));
      open = now;
      if (opened.length + cleared.length > 0) put({ full: false, opened, cleared });
    },
    async deliver(max = Number.POSITIVE_INFINITY) {
      for (const report of spool.splice(0, max)) {
        const intake = { db, now: clock.now(), evidenceTtlMs: 18 * 3_600_000 };
        const outcome = await applyReport(intake, instanceId, { ...report, stateDigest: digestOf('any') });
        if (outcome.kind !== 'applied') throw new Error(`expected an applied report, got ${outcome.kind}`);
      }
    },
  };
  return agent;
}

function differencesOf(files: Files, names: readonly string[]): Finding[] {
  return names.flatMap((name) => {
    const [baked, found] = [(bakedNames as readonly string[]).includes(name) ? bakedText : undefined, files.get(name)];
    if (baked === found) return [];
    const side = (text: string | undefined) => (text === undefined ? {} : { content: digestOf(text) });
    const change = baked === undefined ? 'added' : found === undefined ? 'removed' : 'modified';
    return [aFinding({ name: `/${name}`, change, expected: side(baked), actual: side(found), severity: 'medium' })];
  });
}

function filesIn(directory: string): Files {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

function aManifest() {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'entries.ndjson', digest: { sha256: sha256Hex('entries') } }],
    predicateType: manifestPredicateType,
    predicate: {
      image: { name: 'web', version: '7' },
      platform: { os: 'linux', arch: 'x64', distro: 'debian-12' },
      scheme: schemeOf({ labels: false }),
      entries: { bytes: 7, lines: 1 },
      notBaked: [],
      tool: { name: 'pristine', version: '0.1.0' },
    },
  };
  return signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(statement))), privateKey);
}

export async function findingsOf(world: OutsideWorld) {
  return world.db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['subject', 'name', 'severity', 'rule', 'closed_at'])
    .where('instance_id', '=', world.instanceId)
    .where('subject', '=', 'outside-look')
    .execute();
}

export async function instanceOf(world: OutsideWorld) {
  return (await findInstance(world.db, world.instanceId))!;
}
