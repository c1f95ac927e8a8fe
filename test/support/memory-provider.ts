import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptSnapshot, LaunchRequest, Machine, Provider } from '../../server/provider/provider.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Group } from '../../shared/policy.ts';
import { aDirectory } from './directory.ts';

type CallName =
  | 'list'
  | 'preflight'
  | 'launch'
  | 'drain'
  | 'restore'
  | 'terminate'
  | 'recover'
  | 'snapshot'
  | 'isolate'
  | 'keepSnapshot'
  | 'dropSnapshot'
  | 'listSnapshots';

/** `before`: refused, nothing happened. `after`: it happened, and the reply was lost. `twice`: delivered two times. A promise: not before it settles. */
export type Fault = 'before' | 'after' | 'twice' | Promise<unknown>;

export interface MemoryMachine extends Machine {
  readonly group: string;
  readonly request: LaunchRequest | null;
}

/** A cloud in memory, with a past: what really had an effect is in `effects`. */
export interface MemoryProvider extends Provider {
  readonly machines: ReadonlyMap<string, MemoryMachine>;
  readonly effects: readonly string[];
  readonly calls: readonly string[];
  /** Asked before each call, with how often that call was made so far, itself included. */
  faultOf: (call: CallName, nth: number) => Fault | undefined;
  /** What it calls the machine of a launch. */
  nameOf: (request: LaunchRequest) => string;
  set(providerId: string, state: Machine['state']): void;
  add(group: string, providerId: string, zone?: string | null): void;
  /** Has it gone without a word. */
  lose(providerId: string): void;
  /** Makes another machine that is like one in all but its name. */
  copy(providerId: string, name: string): void;
  /** Says, or does not say any more, that a machine does not work as it should. */
  impair(providerId: string, isImpaired: boolean): void;
  /** What it would launch, asked for an image, or null for what its template says. */
  templateOf: (group: Group, image: string | null) => string;
  /** Where it puts the machine of a launch. */
  zoneOf: (request: LaunchRequest) => string | null;
  /** Writes a file at the top of a machine's disk. */
  write(providerId: string, name: string, text: string): void;
  /** A directory of its own, which snapshots show as it is. */
  diskOf(providerId: string): string;
  /** Those that are kept, by id. */
  readonly kept: ReadonlyMap<string, KeptSnapshot & { readonly group: string }>;
  /** Views of disks that nobody has disposed of. */
  readonly shown: number;
}

export function createMemoryProvider(): MemoryProvider {
  const machines = new Map<string, MemoryMachine>();
  const disks = new Map<string, string>();
  const diskOf = (providerId: string) => {
    const disk = disks.get(providerId) ?? aDirectory();
    disks.set(providerId, disk);
    return disk;
  };
  const kept = new Map<string, KeptSnapshot & { readonly group: string }>();
  let shown = 0;
  const effects: string[] = [];
  const calls: string[] = [];
  const counts = new Map<CallName, number>();

  async function call<T>(name: CallName, about: string, effect: () => T): Promise<T> {
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    calls.push(`${name} ${about}`);
    const fault = provider.faultOf(name, nth);
    if (fault instanceof Promise) await fault;
    if (fault === 'before') throw new CodedError('UNREACHABLE', `${name} was refused`);
    const result = effect();
    if (fault === 'twice') effect();
    if (fault === 'after') throw new CodedError('UNREACHABLE', `the reply of ${name} was lost`);
    return result;
  }

  const set = (providerId: string, state: Machine['state'], drainedBy: string | null = null) => {
    const machine = machines.get(providerId);
    if (machine === undefined || machine.state === state) return;
    machines.set(providerId, { ...machine, state, drainedBy });
    effects.push(`${state} ${providerId}`);
  };

  const provider: MemoryProvider = {
    machines,
    kept,
    effects,
    calls,
    set,
    diskOf,
    get shown() {
      return shown;
    },
    faultOf: () => undefined,
    nameOf: ({ group, key }) => `m-${group.name}-${key}`,
    zoneOf: () => null,
    templateOf: ({ images }, image) => image ?? images['stable'] ?? '',
    impair(providerId, isImpaired) {
      const machine = machines.get(providerId);
      if (machine !== undefined) machines.set(providerId, { ...machine, isImpaired });
    },
    add(group, providerId, zone = null) {
      machines.set(providerId, {
        group,
        providerId,
        launchKey: null,
        state: 'running',
        drainedBy: null,
        zone,
        request: null,
      });
    },
    lose(providerId) {
      if (machines.delete(providerId)) effects.push(`lost ${providerId}`);
    },
    copy(providerId, name) {
      const machine = machines.get(providerId);
      if (machine !== undefined) machines.set(name, { ...machine, providerId: name });
    },
    write: (providerId, name, text) => writeFileSync(join(diskOf(providerId), name), text),
    list: (group: Group) =>
      call('list', group.name, () =>
        [...machines.values()].filter((machine) => machine.group === group.name).map(described),
      ),
    preflight: (group, image) => call('preflight', group.name, () => ({ image: provider.templateOf(group, image) })),
    launch: (request) =>
      call('launch', request.key, () => {
        const { name, imageSource } = request.group;
        const template = provider.templateOf(request.group, null);
        if (imageSource === 'provider' && template !== request.image)
          throw new CodedError('CONFLICT', `the template launches ${template}`);
        const known = [...machines.values()].find(
          ({ launchKey, group }) => launchKey === request.key && group === name,
        );
        if (known) return described(known);
        const providerId = provider.nameOf(request);
        const zone = provider.zoneOf(request);
        const made = { group: name, providerId, launchKey: request.key, ...inService, zone, request } as const;
        machines.set(providerId, made);
        effects.push(`launch ${request.key}`);
        return described(made);
      }),
    drain: (_group, providerId, { key }) =>
      call('drain', providerId, () => {
        if (machines.get(providerId)?.state === 'running') set(providerId, 'draining', key);
      }),
    restore: (_group, providerId, key) =>
      call('restore', providerId, () => {
        const { state, drainedBy } = machines.get(providerId) ?? {};
        if (state === 'draining' && drainedBy === key) set(providerId, 'running');
      }),
    terminate: (_group, providerId, isolatedBy) =>
      call('terminate', providerId, () => {
        const { state, drainedBy } = machines.get(providerId) ?? {};
        if (state === 'isolated' && drainedBy !== isolatedBy)
          throw new CodedError('CONFLICT', `${providerId} is evidence of ${drainedBy}`);
        if (machines.delete(providerId)) effects.push(`terminate ${providerId}`);
      }),
    snapshot: (group, providerId) =>
      call('snapshot', providerId, () => {
        if (machines.get(providerId)?.group !== group.name)
          throw new CodedError('NOT_FOUND', `there is no machine ${providerId}`);
        shown += 1;
        let isShown = true;
        return {
          root: diskOf(providerId),
          async dispose() {
            if (isShown) shown -= 1;
            isShown = false;
          },
        };
      }),
    isolate: (_group, providerId, key) =>
      call('isolate', providerId, () => {
        if (machines.get(providerId)?.state !== 'isolated') set(providerId, 'isolated', key);
      }),
    keepSnapshot: (group, providerId, key) =>
      call('keepSnapshot', providerId, () => {
        const snapshotId = `s-${group.name}-${key}`;
        const known = kept.get(snapshotId);
        if (known) return describedSnapshot(known);
        if (machines.get(providerId)?.group !== group.name)
          throw new CodedError('NOT_FOUND', `there is no machine ${providerId}`);
        const where = disks.has(providerId) ? aDirectory() : '';
        if (where !== '') cpSync(diskOf(providerId), where, { recursive: true });
        const made = { snapshotId, key, providerId, where, group: group.name };
        kept.set(snapshotId, made);
        effects.push(`keep ${providerId}`);
        return describedSnapshot(made);
      }),
    dropSnapshot: (_group, snapshotId) =>
      call('dropSnapshot', snapshotId, () => {
        const where = kept.get(snapshotId)?.where ?? '';
        if (!kept.delete(snapshotId)) return;
        if (where !== '') rmSync(where, { recursive: true });
        effects.push(`drop ${snapshotId}`);
      }),
    listSnapshots: (group) =>
      call('listSnapshots', group.name, () =>
        [...kept.values()].filter((one) => one.group === group.name).map(describedSnapshot),
      ),
    recover: (group) => call('recover', group.name, () => {}),
  };
  return provider;
}

const inService = { state: 'running', drainedBy: null } as const;

function described({ group: _group, request: _request, ...machine }: MemoryMachine): Machine {
  return machine;
}

function describedSnapshot({ snapshotId, key, providerId, where }: KeptSnapshot): KeptSnapshot {
  return { snapshotId, key, providerId, where };
}
