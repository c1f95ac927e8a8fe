import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Instance, ReplacementView } from '../../shared/api.ts';
import type { Clock } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { FleetEvent } from '../../shared/event.ts';
import type { Account } from './account.ts';
import { type Api, connectApi } from './api.ts';
import { bake, connectCtl, type DemoImage, group, type Mutation, mutationsFor, raiseFleet } from './fleet.ts';
import { copyThisMachine, debootstrap, givenRoot, type ImageRoot } from './image.ts';
import { narrate } from './narrate.ts';
import { type ServerProcess, startServer } from './processes.ts';

export interface LoopOptions {
  readonly image?: string;
  readonly debootstrap: boolean;
  readonly drift: boolean;
  readonly timeoutMs: number;
  /** Where the proofs go: outside the workspace, because they outlive the demo. */
  readonly out: string;
}

/** One mutated instance, and how the loop closed over it. Milliseconds since the change. */
export interface Closed {
  readonly instanceId: string;
  readonly providerId: string;
  readonly change: string;
  readonly replacementId: string;
  readonly newInstanceId: string;
  readonly msToVerdict: number;
  readonly msToProof: number;
  readonly proof: 'in_sync';
  readonly proofFile: string;
}

export interface Summary {
  readonly schema: 'pristine.demo/1';
  readonly image: { readonly digest: string; readonly entries: number };
  readonly instances: number;
  readonly drifted: readonly Closed[];
  readonly proofPub: string;
  readonly elapsedMs: number;
}

export const fleetSize = 6;
const readyMsMax = 120_000;

export interface RunningLoop {
  readonly summary: Summary;
  readonly server: ServerProcess;
  readonly image: DemoImage;
}

/** The story: image, bake, server, fleet, a change that nobody announced, and the fleet healing itself. Errors: TIMEOUT and what the commands say. */
export async function closeLoop(
  options: LoopOptions,
  directory: string,
  account: Account,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunningLoop> {
  const { root, origin } = await makeImage(options, join(directory, 'image-root'));
  account.say('image', origin);
  const baked = await bake(directory, root, '1');
  const image = { version: '1', root, baked };
  account.say('bake', `demo@1: ${baked.entries} entries, signed, ${baked.digest}`);

  const server = await startServer(join(directory, 'data'));
  account.say('server', `${server.url} (SQLite, no cloud)`);
  const ctl = connectCtl(server);
  const api = connectApi(server.url, server.tokenFile);
  await raiseFleet(directory, image, ctl, fleetSize);
  const fleet = await untilAllInSync(api, clock, signal);
  account.say(
    'fleet',
    `${fleet.length} instances measured and in sync; a policy enforces, one replacement at a time`,
    'good',
  );

  const watched = await watch(api, account, clock, signal);
  const chosen = options.drift ? change(directory, root, [fleet[1]!, fleet[4]!], account, clock) : [];
  if (!options.drift)
    account.say(
      'no change',
      'nothing is changed (--no-drift): the loop has nothing to close and must time out',
      'wait',
    );
  const closed = await untilProven(api, chosen, watched, options.timeoutMs, clock, signal);
  const drifted = await keepProofs(api, closed, options.out);
  const proofPub = join(resolve(options.out), 'proof.pub');
  for (const { proofFile } of drifted) await ctl('proof', 'verify', proofFile, '--pub', proofPub);
  account.say(
    'closed',
    `${drifted.length} instances replaced, and each replacement proven clean: ${resolve(options.out)}`,
    'good',
  );

  const summary: Summary = {
    schema: 'pristine.demo/1',
    image: { digest: baked.digest, entries: baked.entries },
    instances: fleetSize,
    drifted,
    proofPub,
    elapsedMs: Math.round(account.elapsedMs()),
  };
  return { summary, server, image };
}

function makeImage(options: LoopOptions, root: string): Promise<ImageRoot> | ImageRoot {
  if (options.image !== undefined) return givenRoot(resolve(options.image));
  return options.debootstrap ? debootstrap(root) : copyThisMachine(root);
}

async function untilAllInSync(api: Api, clock: Clock, signal: AbortSignal): Promise<readonly Instance[]> {
  const deadline = clock.monotonic() + readyMsMax;
  for (;;) {
    const instances = await api.instances(group);
    const ready = instances.filter(({ content, liveness }) => content === 'in_sync' && liveness === 'online');
    if (ready.length === fleetSize) return ready;
    if (clock.monotonic() > deadline) {
      throw new CodedError(
        'TIMEOUT',
        `expected ${fleetSize} instances in sync within ${readyMsMax / 1000} s, got ${ready.length} of ${instances.length}`,
      );
    }
    await clock.sleep(100, signal);
  }
}

/** When each instance was first seen drifted, and each replacement first proven: monotonic, by our own clock. */
interface Watched {
  readonly driftedAt: Map<string, number>;
  readonly provenAt: Map<string, number>;
}

/** Follows the live events, from when it resolves, tells them, and notes the two moments that the summary is about. */
async function watch(api: Api, account: Account, clock: Clock, signal: AbortSignal): Promise<Watched> {
  const watched: Watched = { driftedAt: new Map(), provenAt: new Map() };
  const machines = new Map<string, string>();
  const machineOf = async (id: string | null) => {
    if (id === null) return 'the group';
    if (!machines.has(id)) for (const one of await api.instances(group)) machines.set(one.id, one.providerId ?? one.id);
    return machines.get(id) ?? id;
  };
  let last: number | undefined;
  const follow = async (events: AsyncGenerator<FleetEvent>): Promise<void> => {
    for await (const event of events) {
      const at = clock.monotonic();
      const { id, type, instanceId, replacementId, data } = event;
      last = id;
      if (type === 'instance.verdict' && data['to'] === 'drifted' && instanceId && !watched.driftedAt.has(instanceId)) {
        watched.driftedAt.set(instanceId, at);
      }
      if (type === 'replacement.proven' && replacementId) watched.provenAt.set(replacementId, at);
      narrate(event, await machineOf(instanceId), account);
    }
  };
  const followOn = async (first: AsyncGenerator<FleetEvent>): Promise<void> => {
    await follow(first).catch(() => {});
    // A server that was killed ends the stream; the next one goes on with it.
    while (!signal.aborted) {
      await clock.sleep(200, signal);
      await api
        .events(signal, last)
        .then(follow, () => {})
        .catch(() => {});
    }
  };
  followOn(await api.events(signal)).catch((error: unknown) => {
    if (!signal.aborted) account.say('events', `the event stream ended: ${sentenceOf(error)}`, 'bad');
  });
  return watched;
}

interface Changed {
  readonly instance: Instance;
  readonly mutation: Mutation;
  readonly at: number;
}

/** A plain shell child edits the instances' disks. Pristine is not told. */
function change(
  directory: string,
  root: string,
  instances: readonly [Instance, Instance],
  account: Account,
  clock: Clock,
): readonly Changed[] {
  const mutations = mutationsFor(root);
  return instances.map((instance, index) => {
    const mutation = mutations[index]!;
    const path = join(directory, 'instances', instance.providerId ?? '', 'root', mutation.path);
    const at = clock.monotonic();
    const shell = spawnSync('/bin/sh', ['-ec', mutation.script, 'sh', path], { encoding: 'utf8' });
    if (shell.status !== 0) throw new CodedError('IO', `could not change ${path}: ${shell.stderr}`);
    account.say('change', `${instance.providerId}: ${mutation.sentence}, and tells nobody`, 'bad');
    return { instance, mutation, at };
  });
}

interface Proven extends Changed {
  readonly replacement: ReplacementView;
  readonly msToVerdict: number;
  readonly msToProof: number;
}

/** The loop is closed when each changed instance has a succeeded replacement with a proof. With nothing changed, never. */
async function untilProven(
  api: Api,
  changed: readonly Changed[],
  watched: Watched,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Proven[]> {
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const replacements = await api.replacements(group);
    const proven = changed.flatMap((one) => {
      const replacement = replacements.find(
        (each) => each.oldInstanceId === one.instance.id && each.state === 'succeeded' && each.proof !== null,
      );
      const driftedAt = watched.driftedAt.get(one.instance.id);
      const provenAt = replacement && watched.provenAt.get(replacement.id);
      if (!replacement || driftedAt === undefined || provenAt === undefined) return [];
      return [
        { ...one, replacement, msToVerdict: Math.round(driftedAt - one.at), msToProof: Math.round(provenAt - one.at) },
      ];
    });
    if (changed.length > 0 && proven.length === changed.length) return proven;
    const failed = replacements.find(({ state }) => state === 'failed' || state === 'stuck');
    if (failed)
      throw new CodedError(
        'PROOF',
        `replacement ${failed.id} of ${failed.oldProviderId} ${failed.state}: ${failed.error}`,
      );
    if (clock.monotonic() > deadline) {
      const missing = changed
        .filter((one) => !proven.some(({ instance }) => instance === one.instance))
        .map(({ instance }) => instance.providerId);
      throw new CodedError(
        'TIMEOUT',
        `the loop did not close within ${timeoutMs / 1000} s; without proof: ${missing.join(', ') || 'nothing was changed'}`,
      );
    }
    await clock.sleep(100, signal);
  }
}

async function keepProofs(api: Api, proven: readonly Proven[], out: string): Promise<readonly Closed[]> {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'proof.pub'), await api.proofKey());
  return Promise.all(
    proven.map(async ({ instance, mutation, replacement, msToVerdict, msToProof }) => {
      const proofFile = join(resolve(out), `${replacement.id}.dsse.json`);
      writeFileSync(proofFile, await api.proof(replacement.id));
      return {
        instanceId: instance.id,
        providerId: instance.providerId ?? '',
        change: mutation.path,
        replacementId: replacement.id,
        newInstanceId: replacement.newInstanceId ?? '',
        msToVerdict,
        msToProof,
        proof: 'in_sync' as const,
        proofFile,
      };
    }),
  );
}
