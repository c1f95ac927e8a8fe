import type { KeyObject } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type ScheduledTask, schedule } from 'node-cron';
import pino, { type Logger } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { durationMs } from '../shared/duration.ts';
import { ExitCode } from '../shared/errors.ts';
import { manifestFiles } from '../shared/manifest.ts';
import { type AgentView, createAgent } from './agent.ts';
import { createChecker } from './check/check-subjects.ts';
import { checkDigest } from './check/digest.ts';
import { createDirtySet } from './check/dirty-set.ts';
import { openLinkedNames } from './check/linked-names.ts';
import { type Manifest, openManifest } from './check/open-manifest.ts';
import { readPublicKeys } from './collect/key-file.ts';
import { stampAt } from './collect/outer-paths.ts';
import { paceLimitsOf } from './collect/pace.ts';
import { type AgentConfig, agentUrl, loadConfig } from './config.ts';
import { readCredential } from './enrolment/credential.ts';
import { readFacts } from './facts.ts';
import { createFootprint, threadCpuMs } from './footprint.ts';
import { giveMemoryBack } from './give-memory-back.ts';
import { readMemorySigns } from './host/memory-signs.ts';
import { readMachine } from './machine-parts.ts';
import { createMemoryWatch } from './memory-watch.ts';
import { createQuickSweeper } from './quick-sweep.ts';
import { type ConnectionOptions, createConnection } from './report/connection.ts';
import { flush } from './report/flush.ts';
import { openGapLedger } from './report/gap-ledger.ts';
import { createReporter } from './report/reporter.ts';
import { createServerTrust } from './report/server-trust.ts';
import { openSpool } from './report/spool.ts';
import { createRulesOffers } from './rules/offers.ts';
import { openRulesInForce } from './rules/rules-in-force.ts';
import { openServiceManager, type ServiceManager } from './service-manager.ts';
import { readBoot } from './settle/boot.ts';
import { openSettling } from './settle/settling.ts';
import { loadKnownState, openKnownStateFile } from './state/known-state.ts';
import { openStateDirectory } from './state/state-directory.ts';
import { exitCodeOfVerdict, statusEveryMs, writeStatus } from './status.ts';
import { lineOf } from './status-line.ts';
import { createSweepChild } from './sweep-child.ts';
import { version } from './version.ts';
import { noWatcher, type Watcher } from './watch/watcher.ts';
import { startWatching } from './watching.ts';

export interface RunOptions {
  readonly config: string;
  readonly once: boolean;
  /** The file that `node` runs for `pristine`: each look at everything is a child that runs it. */
  readonly entry: string;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** A server that acks nothing for so long is unreachable for `--once`. */
const onceDeliverMsMax = 10_000;

/**
 * The agent, put together. What it compares with is verified first: without that there is nothing to run for.
 * Errors: CONFIG, KEY, CONFLICT, and those of `openManifest` and `checkDigest`.
 */
export async function runAgent(options: RunOptions): Promise<ExitCode> {
  const config = await loadConfig(options.config);
  const server = serverOf(config);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
  const manager = openServiceManager({ env: process.env, pid: process.pid, clock: systemClock });
  options.signal.addEventListener('abort', manager.stopping);
  manager.starting();
  let manifest: Manifest | undefined;
  try {
    const keys = readPublicKeys(config.pub);
    manifest = await verifyManifest(config, keys);
    return await runAgainst({ manifest, keys, manager, server }, config, options, log);
  } finally {
    manifest?.close();
    manager.close();
  }
}

/** Whom it may trust is read here once, so that a wrong `ca` is said at the start. */
function serverOf({ server, ca }: AgentConfig): Given['server'] {
  const url = agentUrl(server)!;
  const trust = createServerTrust(ca);
  if (url.startsWith('wss:')) trust();
  return { url, trust };
}

async function verifyManifest(config: AgentConfig, keys: readonly KeyObject[]): Promise<Manifest> {
  const manifest = openManifest(config.manifest, keys);
  try {
    await checkDigest(manifest);
    return manifest;
  } catch (error) {
    manifest.close();
    throw error;
  }
}

interface Given {
  readonly manifest: Manifest;
  readonly keys: readonly KeyObject[];
  readonly manager: ServiceManager;
  readonly server: Pick<ConnectionOptions, 'url' | 'trust'>;
}

async function runAgainst(
  { manifest, keys, manager, server }: Given,
  config: AgentConfig,
  options: RunOptions,
  log: Logger,
): Promise<ExitCode> {
  const { image } = manifest;
  const directory = await openStateDirectory(config.stateDir, readMachine);
  if (directory.discarded !== undefined) {
    log.error(
      { stateDir: directory.path, ...directory.discarded },
      'the state here is of another machine, or of nobody knows which: it is discarded, and this machine enrols anew',
    );
  }
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  let watcher: Watcher = noWatcher;
  let ticker: ScheduledTask | undefined;
  try {
    const { boot, identity, path: stateDir } = directory;
    const inForce = openRulesInForce({ manifest, keys, stateDir, log });
    const baseline = () => ({ image: image.digest, rules: inForce.manifest.rules.sequence });
    const spool = await openSpool(directory.spoolPath);
    const dirty = createDirtySet();
    const reporter = createReporter({
      baseline: baseline(),
      boot,
      spool,
      gaps: await openGapLedger(stateDir, systemClock),
      known: await loadKnownState(stateDir, image.digest),
      save: openKnownStateFile(stateDir, image.digest).save,
      clock: systemClock,
      log,
    });
    const settling = await openSettling({
      stateDir,
      isLive: resolve(config.root) === '/',
      readBoot: () => readBoot(config.root),
      clock: systemClock,
      log,
    });
    const pinning = () => settling.pinning;
    const scanner = {
      ...{ ...config, entry: options.entry, lowPriority: !options.once, pinning, clock: systemClock, log },
      known: (fingerprint: string) => reporter.state.open.get(fingerprint),
    };
    const judged = () => ({ baseline: baseline(), rulesFile: inForce.file });
    const components = { from: { directory: config.components }, keys };
    const stampsFile = join(stateDir, 'stamps');
    const checker = createChecker({
      ...{ manifest: () => inForce.manifest, components, root: config.root, pinning },
      ...{ clock: systemClock, directory: stateDir, linked: openLinkedNames(stampsFile) },
    });
    const offers = createRulesOffers({
      ...{ inForce, stateDir, log },
      sweep: ({ rules, file }, stop) =>
        createSweepChild({
          ...scanner,
          judged: () => ({ baseline: { image: image.digest, rules }, rulesFile: file, isTrial: true }),
        })(stop),
      say: (answer) => connection.say(answer),
    });
    const agent = createAgent({
      image,
      rules: () => baseline().rules,
      offers,
      reporter,
      spool,
      dirty,
      watcher: () => watcher,
      sweep: createQuickSweeper({
        ...{ stampsFile, checker, manifest: () => inForce.manifest, components, root: config.root },
        sweep: createSweepChild({ ...scanner, judged, stampsFile }),
        machine:
          resolve(config.root) === '/'
            ? createSweepChild({ ...scanner, judged, pinning: () => undefined, machineOnly: true })
            : undefined,
        judgedBy: () => JSON.stringify([judged(), pinning(), filesOf(config, inForce.file, pinning()?.file)]),
        known: () => reporter.state,
        pace: paceLimitsOf(config.sweepBytesPerSecondMax, config.sweepCpuShareMax),
        clock: systemClock,
        log,
      }),
      checker,
      settling,
      onTold: () => connection.wake(),
      writeStatus: (status) => {
        manager.status(lineOf(status));
        return writeStatus(stateDir, status);
      },
      onTurn: manager.beat,
      footprint: createFootprint(config, systemClock),
      cpuMs: threadCpuMs,
      memory: createMemoryWatch({ read: readMemorySigns, shrink: giveMemoryBack, clock: systemClock, log }),
      clock: systemClock,
      log,
      limits: {
        sweepEveryMs: durationMs(config.sweepEvery),
        turnMsMax: Math.min(statusEveryMs, manager.beatEveryMs ?? statusEveryMs),
      },
    });
    const facts = await readFacts(config.labels);
    const connection = createConnection({
      ...server,
      identity,
      hello: async () => ({
        boot: boot.current,
        ...baseline(),
        agentVersion: version,
        facts,
        ...(await readCredential(config, { clock: systemClock, log })),
      }),
      spool,
      lastPlace: reporter.lastPlace,
      notes: agent.notes,
      clock: systemClock,
      log,
    });
    log.info({ version, boot: boot.current, image: image.digest, root: config.root, server: config.server }, 'started');

    // Not by the signal that ends the loop: what it has spooled last is delivered after it.
    const connected = connection.run(stopping.signal);
    // The loop has timers of its own. A tick a minute, by the wall clock, repairs what they lose when a machine sleeps.
    ticker = schedule('* * * * *', agent.wake, { timezone: 'UTC' });
    if (config.watch && !options.once) {
      watcher = await startWatching({ config, inForce, dirty, agent, log });
      log.info(watcher.status, 'watching');
    }
    await agent.run(signal, options.once ? onceDone() : undefined);
    const code = options.once ? onceExitCode(agent.view()) : ExitCode.ok;
    if (!options.once) await flush(agent.view, systemClock);
    stopping.abort();
    await connected;
    log.info({ exitCode: code, undelivered: spool.reports }, 'stopped');
    return code;
  } finally {
    stopping.abort();
    await ticker?.destroy();
    watcher.close();
    await directory.close();
  }
}

/** What a sweep reads to judge by, as it stands: one that is gone or another is for a look at everything to tell of. */
function filesOf({ manifest, pub }: AgentConfig, ...others: readonly (string | undefined)[]): readonly string[] {
  const files = [...Object.values(manifestFiles).map((name) => join(manifest, name)), pub, ...others];
  return files.map((file) => (file === undefined ? '' : stampAt('', file).words.join()));
}

/** Swept and delivered, refused, or no progress for too long. */
function onceDone(): (view: AgentView) => boolean {
  let spooled = -1;
  let progressAt = systemClock.monotonic();
  return (view) => {
    const now = systemClock.monotonic();
    if (!view.hasSwept || view.spooled !== spooled) progressAt = now;
    spooled = view.spooled;
    if (view.connection === 'refused') return true;
    return view.hasSwept && (view.spooled === 0 || now - progressAt >= onceDeliverMsMax);
  };
}

function onceExitCode(view: AgentView): ExitCode {
  if (view.connection === 'refused') return ExitCode.forbidden;
  if (!view.hasSwept || view.spooled > 0) return ExitCode.unreachable;
  return exitCodeOfVerdict[view.verdict];
}
