import { createPublicKey, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Server as TlsServer } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { type Logger, pino } from 'pino';
import pkg from '../package.json' with { type: 'json' };
import { type Clock, systemClock } from '../shared/clock.ts';
import { keyId } from '../shared/dsse.ts';
import { durationMs } from '../shared/duration.ts';
import { CodedError, ExitCode, sentenceOf } from '../shared/errors.ts';
import { isLoopback } from '../shared/loopback.ts';
import { type Config, configOptions, readConfig } from './config.ts';
import { createEventFeed } from './fleet/event-feed.ts';
import { createExemptionKeeper } from './fleet/exemption-keeper.ts';
import { createHistoryKeeper } from './fleet/history.ts';
import { createRulesBoard } from './fleet/rules-board.ts';
import { createGateway } from './gateway/gateway.ts';
import { createHttp } from './http/app.ts';
import { type Certificate, openCertificate } from './http/certificate.ts';
import { openWays } from './intake/enrolment/ways.ts';
import { createSender } from './notify/sender.ts';
import { openWebhook } from './notify/webhook.ts';
import { createLooker } from './outside/looker.ts';
import { createSweep } from './outside/sweep.ts';
import type { Providers } from './provider/provider.ts';
import { createProviders } from './provider/providers.ts';
import { createController } from './replace/controller.ts';
import { createForesight } from './replace/foresight.ts';
import { type House, leaseMsMax } from './replace/house.ts';
import { abortReplacement, retryReplacement } from './replace/intervene.ts';
import { launchInstances } from './replace/launch.ts';
import { lintOverFleet } from './replace/lint-fleet.ts';
import { findOrphans } from './replace/orphans.ts';
import { openProofSigner } from './replace/proof.ts';
import { openDataDirectory, readAdminToken, writeListening } from './store/data-directory.ts';
import { openDatabase } from './store/database.ts';
import { lockDirectory } from './store/directory-lock.ts';
import { openEntriesStore } from './store/entries-store.ts';

export interface RunningServer {
  /** `http://127.0.0.1:7420`. */
  readonly url: string;
  /** Looks for a new certificate now; else within ten seconds. */
  reloadCertificate(): Promise<void>;
  /** Finishes what is under way, in the reverse order of the start. */
  stop(): Promise<void>;
}

/**
 * The composition root: the one place that knows every room. What was started is stopped again where a later step
 * fails. Errors: CONFIG, IO, KEY.
 */
export async function startServer(
  config: Config,
  log: Logger,
  clock: Clock = systemClock,
  providers: Providers = createProviders(),
): Promise<RunningServer> {
  await using starting = new AsyncDisposableStack();
  const ways = await openWays(config.enrolment, clock);
  const data = await openDataDirectory(config.data);
  starting.adopt(lockDirectory(data.lock), (lock) => lock.release());
  await rm(data.listening, { force: true });
  const adminToken = await readAdminToken(data.adminToken);
  const db = starting.adopt(await openDatabase({ file: data.database }), (open) => open.destroy());
  // What may be wrong in the configuration comes before what lives by itself: a gateway that nobody closes holds the process.
  const signer = await openProofSigner(data.serverKey);
  const webhook = await openWebhook(db, config.webhook, {
    inEnvironment: process.env['PRISTINE_WEBHOOK_SECRET'],
    source: `urn:x-pristine:server:${keyId(createPublicKey(signer.key))}`,
  });
  const certificate = await certificateOf(config, clock, log);
  if (certificate) starting.defer(() => certificate.stop());

  const feed = createEventFeed();
  const evidenceTtlMs = durationMs(config.evidenceTtl);
  const board = createRulesBoard();
  const gateway = createGateway({ db, feed, clock, log, board, ways, limits: { evidenceTtlMs } });
  let isReady = false;
  let url = '';
  const entries = openEntriesStore(data.entries);
  const looker = createLooker({
    ...{ db, feed, clock, log, providers, entries, directory: data.looks },
    sweep: createSweep({ clock, sweepMsMax: durationMs(config.lookWithin) }),
    agents: gateway,
    random: Math.random,
    everyMs: config.lookEvery === 'never' ? null : durationMs(config.lookEvery),
    atOnceMax: config.looksAtOnce,
    answerMsMax: durationMs(config.lookAnswerWithin),
  });
  const house: House = {
    ...{ db, feed, clock, log, providers, signer, evidenceTtlMs },
    serverUrl: () => config.agentUrl ?? url.replace(/^http/, 'ws'),
    isOnline: gateway.isOnline,
    hasReported: gateway.hasReported,
    look: (instanceId) => looker.ask(instanceId, 'proof'),
    lease: {
      holder: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
      // Whoever else would use this database is kept out by the lock of its directory.
      isAlone: true,
      msMax: leaseMsMax,
    },
    sweep: (instanceId) => gateway.requestScan(instanceId),
  };
  const controller = createController(house);
  const foresight = createForesight({ db, survey: controller.survey, evidenceTtlMs });
  const sender = webhook && createSender({ db, feed, clock, log, random: Math.random, ...webhook });
  const http = await createHttp(
    {
      ...{ db, feed, clock, adminToken, evidenceTtlMs, gateway, board, entries },
      isReady: () => isReady,
      leads: controller.leads,
      proofKey: signer.publicPem,
      plan: controller.plan,
      simulate: foresight.simulate,
      why: foresight.why,
      lint: (policy) => lintOverFleet(house, policy),
      launch: (group, request, actor) => launchInstances(house, group, request, actor),
      look: (instanceId, actor) => looker.ask(instanceId, 'requested', actor),
      orphans: () => findOrphans(house),
      abort: (asked) => abortReplacement(db, asked, clock.now()),
      retry: (asked) => retryReplacement(db, asked, clock.now()),
      testWebhook: sender?.test,
    },
    log,
    { tls: certificate?.options },
  );
  certificate?.follow(http.server as unknown as TlsServer);
  // Together: HTTP has ended when its last socket has, and agents hold theirs until the gateway lets them go.
  starting.defer(async () => void (await Promise.all([http.close(), gateway.close()])));
  http.server.on('upgrade', gateway.handleUpgrade);
  url = await listen(http, config);

  controller.start();
  starting.defer(() => controller.stop());
  looker.start();
  starting.defer(() => looker.stop());
  sender?.start();
  starting.defer(() => sender?.stop());
  const exemptions = createExemptionKeeper({ db, feed, clock, log });
  exemptions.start();
  starting.defer(() => exemptions.stop());
  const history = createHistoryKeeper({ db, clock, log });
  history.start();
  starting.defer(() => history.stop());
  isReady = true;
  starting.defer(() => {
    isReady = false;
  });
  await writeListening(data.listening, url);
  starting.defer(() => rm(data.listening, { force: true }));
  log.info({ listening: url, data: data.path, version: pkg.version }, 'server: listening');

  const running = starting.move();
  return {
    url,
    reloadCertificate: async () => certificate?.reload(),
    stop: () => running.disposeAsync(),
  };
}

async function certificateOf(
  { tlsCertificate, tlsKey }: Config,
  clock: Clock,
  log: Logger,
): Promise<Certificate | undefined> {
  if (tlsCertificate === undefined || tlsKey === undefined) return undefined;
  return openCertificate({ files: { certificate: tlsCertificate, key: tlsKey }, clock, log });
}

/** Connections that the kernel keeps until they are looked at, at most net.core.somaxconn: a fleet comes back all at once. */
const backlog = 4_096;

/** Errors: CONFIG with what is in the way. */
async function listen(
  http: Awaited<ReturnType<typeof createHttp>>,
  { listen: address, tlsCertificate, behindProxy }: Config,
): Promise<string> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const isSecure = tlsCertificate !== undefined;
  if (!isSecure && !behindProxy && !isLoopback(host)) {
    throw new CodedError(
      'CONFIG',
      `${address} is more than this machine, where tokens and reports must not pass in plain text: set tlsCertificate and tlsKey; or behindProxy: true, where something in front of it ends TLS; or listen on 127.0.0.1`,
    );
  }
  try {
    await http.listen({ host, port: Number(address.slice(at + 1)), backlog, listenTextResolver: () => 'http: bound' });
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw new CodedError(
      'CONFIG',
      `${address} ${inUse ? 'is in use: is another pristine-server running?' : `cannot be listened on: ${sentenceOf(cause)}`}`,
      cause,
    );
  }
  const { port } = http.server.address() as { port: number };
  return `http${isSecure ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `pristine-server`: exit codes of DESIGN §4; one sentence on standard error where it cannot start. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('pristine-server')
    .description('The fleet’s control plane: verdicts, drifts, and the replacement of what has drifted.')
    .version(pkg.version)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .helpOption('-h, --help', 'show help');
  const serve = program
    .command('serve')
    .description('run the server until it is told to stop (SIGTERM, SIGINT)')
    .exitOverride()
    .option('--config <file>', 'YAML with the options below, in camelCase [PRISTINE_CONFIG]')
    .addHelpText(
      'after',
      `
A flag goes before the environment, that before the file, that before the default. In the file alone: \`enrolment\`, which
clouds may vouch for agents, and \`webhook\`, whom to call; server/OPERATING.md shows both.

Examples:
  pristine-server serve --listen 127.0.0.1:7420 --data ./pristine-data
  pristine-server serve --config /etc/pristine-server/server.yaml`,
    )
    .action(async (flags: Record<string, unknown>) => serveUntilTold(await readConfig(flags, process.env)));
  for (const { flag, env, description } of configOptions) serve.option(flag, `${description} [${env}]`);
  process.stdout.on('error', endQuietly);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = tell(error);
  }
}

/**
 * On a large machine V8 lets a heap grow fourfold before it collects, and a fleet that has come back is mostly what is left of
 * its handshakes. What is young stays as small as it begins: a message leaves nothing behind, and together with the other
 * this is a quarter of what ten thousand agents would take.
 */
const heapGrowingPercent = 30;

async function serveUntilTold(config: Config): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  setFlagsFromString('--semi-space-growth-factor=1');
  const formatters = { level: (level: string) => ({ level }) };
  const timestamp = pino.stdTimeFunctions.isoTime;
  const log = pino({ level: config.logLevel, formatters, timestamp }, pino.destination({ dest: 2, sync: true }));
  const told = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => told.resolve(signal));
  }
  // What renews certificates says so by it. Without TLS, and while we start, it must not end us.
  const started = Promise.withResolvers<RunningServer>();
  process.on('SIGHUP', () => void started.promise.then((running) => running.reloadCertificate()));
  const server = await startServer(config, log);
  started.resolve(server);
  log.info({ signal: await told.promise }, 'server: stopping');
  await server.stop();
  log.info('server: stopped');
}

function tell(error: unknown): number {
  // Commander has already said it; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const code = error instanceof CodedError ? error.code : 'INTERNAL';
  process.stderr.write(`pristine-server: ${sentenceOf(error)} (${code})\n`);
  return error instanceof CodedError ? error.exitCode : ExitCode.unmeasured;
}

/** `pristine-server … | head` closes the pipe early: that is no failure. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
}
