import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { encodeName, rawName, rawOf } from '../shared/name.ts';
import { isLeftOut } from '../shared/rulebook.ts';
import type { Agent } from './agent.ts';
import type { DirtySet } from './check/dirty-set.ts';
import { readMounts } from './collect/mounts.ts';
import { findSilentMounts, type SilentMounts } from './collect/silent-mounts.ts';
import { rootPrefix } from './collect/system-path.ts';
import type { AgentConfig } from './config.ts';
import type { RulesInForce } from './rules/rules-in-force.ts';
import { openWatcher, type WatcherOptions } from './watch/open-watcher.ts';
import type { Watcher } from './watch/watcher.ts';

/** From one sweep for programs whose start was lost to the next. */
const startsLostGapMs = 600_000;
/** One line of the log says it of so long. */
const changesLostGapMs = 10_000;

export interface WatchingOptions {
  readonly config: AgentConfig;
  readonly inForce: Pick<RulesInForce, 'manifest'>;
  readonly dirty: DirtySet;
  readonly agent: Pick<Agent, 'wake' | 'needSweep'>;
  readonly log: Logger;
}

/** The watcher that fits the configuration, whose callbacks only note: what rules leave out is not even noted. */
export async function startWatching(options: WatchingOptions): Promise<Watcher> {
  const { config, inForce } = options;
  const root = resolve(config.root);
  const ownName = nameWithin(root, resolve(config.stateDir));
  const isBeneath = (name: string, directory: string) => name === directory || name.startsWith(`${directory}/`);
  const isOwn = (name: string) => ownName !== undefined && isBeneath(name, ownName);
  const silent = await silentMountsBeneath(root);
  const { onHint, onStart, ...losses } = notesOf(options);
  return await openWatcher({
    root,
    what: watchedBy(config.watch),
    commandLines: config.commandLines,
    clock: systemClock,
    onStart: root === '/' ? onStart : undefined,
    ...losses,
    onHint: (hint) => {
      const raw = rawOf(hint.name);
      // What this agent writes itself would make it look for ever; sweeps look there.
      if (isOwn(hint.name) || raw === undefined || isLeftOut(inForce.manifest.rulebook.rulingOf(raw))) return;
      onHint(hint);
    },
    // What only newer rules look at is watched from the next start on; until then sweeps look there.
    isLeftOut: (name, otherDevice) =>
      isOwn(name) ||
      inForce.manifest.rulebook.rulingOf(rawName(name)).treatment === 'foreign' ||
      (otherDevice && inForce.manifest.rules.pseudoMounts.some((mount) => isBeneath(name, mount))),
    isSilent: (name) => silent.has(rawName(name)),
  });
}

function notesOf({ dirty, agent, log }: WatchingOptions) {
  let startsLostAt = Number.NEGATIVE_INFINITY;
  let changesLostAt = Number.NEGATIVE_INFINITY;
  return {
    onHint: (hint) => {
      dirty.add(hint, systemClock.monotonic());
      agent.wake();
    },
    onStart: (start) => {
      dirty.addStart(start, systemClock.monotonic());
      agent.wake();
    },
    onStartsLost: (reason) => {
      log.warn({ reason }, 'what began to run was lost');
      // What has ended no sweep finds: one now and then is enough for what still runs.
      if (systemClock.monotonic() - startsLostAt < startsLostGapMs) return;
      startsLostAt = systemClock.monotonic();
      agent.needSweep(reason);
      agent.wake();
    },
    onLost: (reason) => {
      dirty.overflow();
      if (systemClock.monotonic() - changesLostAt >= changesLostGapMs) {
        changesLostAt = systemClock.monotonic();
        log.warn({ reason }, 'changes were lost');
      }
      agent.wake();
    },
  } satisfies Pick<WatcherOptions, 'onHint' | 'onStart' | 'onLost' | 'onStartsLost'>;
}

function watchedBy(watch: AgentConfig['watch']): WatcherOptions['what'] {
  if (typeof watch === 'object') return watch;
  return watch === 'inotify' ? 'directories' : 'filesystems';
}

/** None where there is no root: nothing of it can be watched then, and sweeps say that it is gone. */
async function silentMountsBeneath(root: string): Promise<SilentMounts> {
  if (!existsSync(root)) return new Set();
  const prefix = rootPrefix(root);
  return await findSilentMounts(prefix, readMounts(prefix));
}

function nameWithin(root: string, path: string): string | undefined {
  if (root === '/') return encodeName(Buffer.from(path));
  return path.startsWith(`${root}/`) ? encodeName(Buffer.from(path.slice(root.length))) : undefined;
}
