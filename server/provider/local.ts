import { existsSync } from 'node:fs';
import { CodedError } from '../../shared/errors.ts';
import type { Group, LocalProviderSpec } from '../../shared/policy.ts';
import { agentIsRunning, endAgent, freezeAgent, startAgent } from './local/agent.ts';
import { removeViews, viewDisk } from './local/disk-view.ts';
import { signedImage } from './local/image.ts';
import { makeRoot, unmountAll } from './local/instance-root.ts';
import { createKeptSnapshots } from './local/kept-snapshots.ts';
import { createPlaces, type Place } from './local/place.ts';
import { mayMount, runningArguments, startTimeOf } from './local/processes.ts';
import { isOwnerGone, type MachineRecord, machineState } from './local/record.ts';
import type { LaunchRequest, Machine, Preflight, Provider } from './provider.ts';

/**
 * Instances on the server's own machine, for the demo, for tests and for trying Pristine. An instance is a folder: its
 * record, its root (an overlay over the image root, or without the privilege to mount a copy), and its agent. Nothing is
 * remembered outside that folder and the process table, so that a crash at any point leaves something to go on from.
 */
export function createLocalProvider(options: { readonly privileged?: boolean } = {}): Provider {
  const privileged = options.privileged ?? mayMount();
  const inTurn = createTurns();

  /** Nothing sends work to a local instance, so being drained is a mark. */
  const mark = (group: Group, providerId: string, marked: (record: MachineRecord) => MachineRecord) => {
    const place = createPlaces(specOf(group).directory).ofId(providerId);
    return inTurn(place.directory, async () => {
      const record = place.read();
      if (record !== undefined && marked(record) !== record) place.write(marked(record));
    });
  };

  return {
    async list(group) {
      const places = createPlaces(specOf(group).directory);
      const all = await places.all(group.name);
      // One look at the process table for all: agents are found by the path of their configuration.
      const running = runningArguments();
      return all.map(({ place, record }) => describe(place, record, running.has(place.agentConfig)));
    },

    preflight: async (group, image) => imageOfLaunch(group, image),

    launch(request) {
      const place = createPlaces(specOf(request.group).directory).ofKey(request.group.name, request.key);
      return inTurn(place.directory, () => launch(place, request, privileged));
    },

    drain: (group, providerId, { key }) =>
      mark(group, providerId, (record) =>
        record.state === 'running' ? { ...record, state: 'draining', drainedBy: key } : record,
      ),
    restore: (group, providerId, key) =>
      mark(group, providerId, (record) =>
        record.state === 'draining' && record.drainedBy === key
          ? { ...record, state: 'running', drainedBy: null }
          : record,
      ),

    async terminate(group, providerId, isolatedBy) {
      const place = createPlaces(specOf(group).directory).ofId(providerId);
      await inTurn(place.directory, async () => {
        const record = place.read();
        if (record?.state === 'isolated' && record.drainedBy !== isolatedBy)
          throw new CodedError(
            'CONFLICT',
            `${providerId} is kept as evidence by ${record.drainedBy}: release that first`,
          );
        await terminate(place);
      });
    },

    // Written down first: what dies in between is out of service, and is frozen when it is asked for again.
    isolate(group, providerId, key) {
      const place = createPlaces(specOf(group).directory).ofId(providerId);
      return inTurn(place.directory, async () => {
        const record = place.read();
        if (record === undefined || record.group !== group.name || record.state === 'terminating') return;
        if (record.state !== 'isolated') place.write({ ...record, state: 'isolated', drainedBy: key });
        await freezeAgent(place);
      });
    },

    keepSnapshot(group, providerId, key) {
      const { directory } = specOf(group);
      const place = createPlaces(directory).ofId(providerId);
      const snapshots = createKeptSnapshots(directory);
      return inTurn(place.directory, async () => {
        const known = snapshots.find(group.name, key);
        return known ?? snapshots.keep(group.name, key, withDisk(place, group));
      });
    },
    dropSnapshot: (group, snapshotId) => createKeptSnapshots(specOf(group).directory).drop(group.name, snapshotId),
    listSnapshots: async (group) => createKeptSnapshots(specOf(group).directory).list(group.name),

    async snapshot(group, providerId) {
      const place = createPlaces(specOf(group).directory).ofId(providerId);
      return inTurn(place.directory, async () => viewDisk(withDisk(place, group)));
    },

    async recover(group) {
      const places = createPlaces(specOf(group).directory);
      await places.removeRemains();
      for (const { place, record } of await places.all(group.name)) {
        await inTurn(place.directory, () => removeViews(place));
        // Evidence outlives its owner.
        if (record.state === 'terminating' || (isOwnerGone(record) && record.state !== 'isolated'))
          await inTurn(place.directory, () => terminate(place));
      }
    },
  };
}

/**
 * A machine is `running` once its agent was started. What stopped before that is made anew from the start, because nobody
 * knows how far it came: whatever runs of it is ended first. Its identity stays, so an agent that had enrolled is known.
 */
async function launch(place: Place, request: LaunchRequest, privileged: boolean): Promise<Machine> {
  const spec = specOf(request.group);
  if (request.group.imageSource === 'provider' && spec.template !== request.image)
    throw new CodedError(
      'CONFLICT',
      `group ${request.group.name}: expected ${request.image}, and the template launches ${spec.template}`,
    );
  const image = pathsOf(request.group, request.image);
  const known = place.read();
  if (known === undefined || known.state === 'preparing') refuseMissing(request.group, request.image, image);
  let record = known ?? place.write(newRecord(place, request, spec, await emptiestZone(request.group)));
  if (record.state === 'preparing') {
    await endAgent(place);
    await unmountAll(place);
    await makeRoot(place, image.root, privileged);
    const { serverUrl, joinToken } = request;
    await startAgent(place, { image, serverUrl, joinToken, spec, record, privileged });
    record = place.write({ ...record, state: 'running' });
  }
  // A machine that is stopped or on its way out is never revived: its key has had its effect.
  return describe(place, record, agentIsRunning(place));
}

/** By what lies there: a name that stands in the group may be another image's on the disk. Errors: CONFIG. */
function imageOfLaunch(group: Group, asked: string | null): Preflight {
  const image = asked ?? specOf(group).template;
  if (image === undefined)
    throw new CodedError('CONFIG', `group ${group.name}: provider.template does not say which image it launches`);
  const paths = pathsOf(group, image);
  refuseMissing(group, image, paths);
  return signedImage(paths);
}

/** Errors: CONFIG. */
function pathsOf(group: Group, image: string): LocalProviderSpec['images'][string] {
  const paths = specOf(group).images[image];
  if (paths !== undefined) return paths;
  throw new CodedError(
    'CONFIG',
    `group ${group.name}: provider.images has no ${image}; add its root, manifest and pub`,
  );
}

/** An agent without its manifest or key would never enrol, and say so only in its own log. Errors: CONFIG. */
function refuseMissing(group: Group, image: string, paths: LocalProviderSpec['images'][string]): void {
  for (const what of ['root', 'manifest', 'pub'] as const) {
    if (existsSync(paths[what])) continue;
    throw new CodedError('CONFIG', `group ${group.name}: ${what} of ${image} is not there: ${paths[what]}`);
  }
}

/** The first of those in which the fewest are; null where none are told apart. */
async function emptiestZone(group: Group): Promise<string | null> {
  const { directory, zones = [] } = specOf(group);
  const all = await createPlaces(directory).all(group.name);
  const count = (zone: string) => all.filter(({ record }) => record.zone === zone).length;
  return zones.toSorted((a, b) => count(a) - count(b))[0] ?? null;
}

function newRecord(place: Place, request: LaunchRequest, spec: LocalProviderSpec, zone: string | null): MachineRecord {
  const owner = spec.ownerPid === undefined ? null : { pid: spec.ownerPid, startTime: startTimeOf(spec.ownerPid) };
  if (owner !== null && owner.startTime === null) {
    throw new CodedError('CONFIG', `group ${request.group.name}: its owner, process ${owner.pid}, is not running`);
  }
  place.make();
  return {
    schema: 'pristine.local-machine/1',
    group: request.group.name,
    image: request.image,
    key: request.key,
    owner,
    state: 'preparing',
    drainedBy: null,
    zone,
  };
}

/** Errors: NOT_FOUND. */
function withDisk(place: Place, group: Group): Place {
  const record = place.read();
  if (record === undefined || record.group !== group.name || ['preparing', 'terminating'].includes(record.state))
    throw new CodedError('NOT_FOUND', `group ${group.name} has no machine ${place.id} with a disk to look at`);
  return place;
}

async function terminate(place: Place): Promise<void> {
  const record = place.read();
  if (record === undefined) return;
  place.write({ ...record, state: 'terminating' });
  await endAgent(place);
  await unmountAll(place);
  await place.remove();
}

function describe(place: Place, record: MachineRecord, agentRuns: boolean): Machine {
  const { key, drainedBy, zone } = record;
  return { providerId: place.id, launchKey: key, state: machineState(record, agentRuns), drainedBy, zone };
}

function specOf(group: Group): LocalProviderSpec {
  if (group.provider.type !== 'local') throw new CodedError('CONFIG', `group ${group.name} has no local instances`);
  return group.provider;
}

/** Work on one instance is done one after the other; different instances do not wait for each other. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const forget = () => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  };
}
