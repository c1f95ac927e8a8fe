import { readFileSync } from 'node:fs';
import pino from 'pino';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { createChecker } from '../../agent/check/check-subjects.ts';
import { createDirtySet } from '../../agent/check/dirty-set.ts';
import { openManifest } from '../../agent/check/open-manifest.ts';
import { readPublicKeys } from '../../agent/collect/key-file.ts';
import { AgentConfig, agentUrl } from '../../agent/config.ts';
import { readMachine } from '../../agent/machine-parts.ts';
import { createConnection } from '../../agent/report/connection.ts';
import { openGapLedger } from '../../agent/report/gap-ledger.ts';
import { createReporter } from '../../agent/report/reporter.ts';
import { createServerTrust } from '../../agent/report/server-trust.ts';
import { openSpool } from '../../agent/report/spool.ts';
import { loadKnownState, openKnownStateFile } from '../../agent/state/known-state.ts';
import { openStateDirectory } from '../../agent/state/state-directory.ts';
import { writeStatus } from '../../agent/status.ts';
import { noWatcher, type Watcher } from '../../agent/watch/watcher.ts';
import { startWatching } from '../../agent/watching.ts';
import { systemClock } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';

/**
 * `crash-agents.ts CONFIG…`: several agents in one process, each of the real loop, watcher, checker, reporter, spool and
 * connection, over a root, a state directory and a socket of its own. They are impatient, so that a fault takes a second and not
 * the half minute that it may take an agent on the far side of a slow network; and they sweep without a child.
 */
const impatience = {
  handshakeMsMax: 1_000,
  heartbeatEveryMs: 300,
  silentMsMax: 900,
  ackMsMax: 700,
  backoffBaseMs: 20,
  backoffCapMs: 300,
  stableMs: 500,
};
const retryMs = 200;

await Promise.all(process.argv.slice(2).map(runOne));

async function runOne(file: string): Promise<void> {
  const config = AgentConfig.parse(JSON.parse(readFileSync(file, 'utf8')));
  const log = pino({ base: { agent: config.root } }, pino.destination({ dest: 2, sync: true }));
  const manifest = openManifest(config.manifest, readPublicKeys(config.pub));
  const { image } = manifest.statement.predicate;
  const baseline = { image: manifest.image.digest, rules: manifest.rules.sequence };
  const directory = await openWhenPossible(config.stateDir, log);
  const { boot, identity, path: stateDir, spoolPath } = directory;
  const spool = await openSpool(spoolPath);
  const reporter = createReporter({
    ...{ baseline, boot, spool, clock: systemClock, log },
    gaps: await openGapLedger(stateDir, systemClock),
    known: await loadKnownState(stateDir, baseline.image),
    save: openKnownStateFile(stateDir, baseline.image).save,
    limits: { untoldScansMax: 6 },
  });
  const dirty = createDirtySet();
  const checker = createChecker({ manifest: () => manifest, root: config.root, clock: systemClock });
  let watcher: Watcher = noWatcher;
  const agent: Agent = createAgent({
    ...{ image: { ...image, digest: baseline.image }, reporter, spool, dirty, checker, clock: systemClock, log },
    rules: () => baseline.rules,
    offers: { note: () => undefined, follow: async () => false },
    watcher: () => watcher,
    async sweep() {
      const { looked: _, ...scan } = (await checker.check(['/' as never]))!;
      return { ...scan, kind: 'sweep' };
    },
    settling: {
      settled: { at: '2026-01-01T00:00:00.000Z', by: 'time' },
      pinning: undefined,
      look: async () => false,
      swept: async () => undefined,
    },
    onTold: () => connection.wake(),
    writeStatus: (status) => writeStatus(stateDir, status),
    limits: { sweepGapMs: 200, sweepGapMsMax: 2_000 },
  });
  const connection = createConnection({
    url: agentUrl(config.server)!,
    trust: createServerTrust(undefined),
    ...{ identity, spool, clock: systemClock, log, notes: agent.notes, lastPlace: reporter.lastPlace },
    hello: async () => ({
      ...{ boot: boot.current, ...baseline, agentVersion: '0.1.0', facts: { hostname: config.root } },
      enrolment: { by: 'token', token: readFileSync(config.joinTokenFile!, 'utf8').trim() },
    }),
    limits: impatience,
  });
  const stop = new AbortController();
  const connected = connection.run(stop.signal);
  watcher = await startWatching({ config, inForce: { manifest }, dirty, agent, log });
  await agent.run(stop.signal);
  await connected;
}

/** As a service manager does, which starts it again until its disk has room. */
async function openWhenPossible(stateDir: string, log: pino.Logger) {
  for (;;) {
    try {
      return await openStateDirectory(stateDir, readMachine);
    } catch (error) {
      log.warn({ reason: sentenceOf(error) }, 'the state directory cannot be used yet');
      await systemClock.sleep(retryMs);
    }
  }
}
