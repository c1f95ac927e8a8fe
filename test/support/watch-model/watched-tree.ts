import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkDirt } from '../../../agent/check/check-dirt.ts';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import { createDirtySet, type DirtySet } from '../../../agent/check/dirty-set.ts';
import { openLinkedNames } from '../../../agent/check/linked-names.ts';
import { openManifest } from '../../../agent/check/open-manifest.ts';
import { rootPrefix } from '../../../agent/collect/system-path.ts';
import { emptyState, type OpenState } from '../../../agent/open-state.ts';
import { applyScan } from '../../../agent/report/apply-scan.ts';
import type { FullSweep } from '../../../agent/scan.ts';
import { watchDirectories } from '../../../agent/watch/directory-watcher.ts';
import { watchFilesystems } from '../../../agent/watch/filesystem-watcher.ts';
import type { FileWatcher, Hint } from '../../../agent/watch/watcher.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Report } from '../../../shared/report.ts';
import { isRestored } from '../../../shared/restored.ts';
import { aBakery, type Bakery } from '../baked.ts';
import { anActor } from '../builders.ts';
import { type Actor, startActor } from './actors.ts';
import { type Answer, type Order, planted } from './operations.ts';

export type Watching = 'fanotify' | 'inotify';

/** What several processes are told to do at once, each its own. */
export type Orders = readonly Order['operations'][];

/**
 * A baked tree, a watcher, and what an agent knows by nothing but looks at what was hinted: sweeps only where it was told that
 * something was lost. No server, no time: what would wait for its turn is looked at at once.
 */
export interface WatchedTree {
  readonly hints: readonly Hint[];
  /** Looks at everything that were asked for since the last `begin`, with the reason. */
  readonly sweeps: readonly string[];
  /** A new dirty set, of so many names; patient is who looks only when all is done. */
  readonly begin: (patience?: 'patient' | 'impatient', namesMax?: number) => void;
  /** Has actors do this, and looks at what is hinted until all that they did has been hinted at and looked at. */
  readonly act: (orders: Orders, meanwhile?: () => void) => Promise<readonly Answer[]>;
  /** What is known, a line each, sorted. */
  readonly known: () => readonly string[];
  /** The same by looking at everything now. */
  readonly truth: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** Where processes say that they are done: nothing there counts. */
const markers = 'mark';
const rules = [
  { match: `/${markers}/**`, as: 'ignored', reason: 'where the test leaves its marks' },
  { match: '/var/log/**', as: 'ephemeral' },
];
/** Later than anything that waits for its turn. */
const laterMs = 3_600_000;

/** `root` is an empty directory; for fanotify, where a filesystem is mounted. */
export async function watchTree(root: string, watching: Watching, actorCount: number): Promise<WatchedTree> {
  const actors: Actor[] = Array.from({ length: actorCount }, startActor);
  mkdirSync(join(root, markers));
  await actors[0]!.follow({ root, operations: [{ do: 'renew', tree: planted }], marker: `${markers}/first` });
  const bakery: Bakery = aBakery(() => undefined);
  await bakery.bake({ rules, from: { root, name: 'web' } });
  const manifest = openManifest(bakery.manifest, [bakery.pub]);
  const stampsFile = join(bakery.dir, 'stamps');
  const linked = openLinkedNames(stampsFile);
  const checker = createChecker({ manifest: () => manifest, root, linked, directory: bakery.dir, clock: systemClock });

  let dirty: DirtySet = createDirtySet();
  let now = 0;
  let orders = 0;
  let state: OpenState = emptyState;
  let wake = () => {};
  let hints: Hint[] = [];
  const sweeps: string[] = [];
  let isPatient = false;
  let deaf: string | undefined;
  /** Markers that were not hinted at yet. */
  const awaited = new Set<string>();
  const watcher = await open();
  await sweep('the first');

  return {
    get hints() {
      return hints;
    },
    sweeps,
    begin: (patience, namesMax) => {
      isPatient = patience === 'patient';
      dirty = createDirtySet(namesMax);
      hints = [];
      sweeps.length = 0;
    },
    act: async (all, meanwhile) => {
      const answers = Promise.all(all.map((operations, index) => give(actors[index]!, operations)));
      meanwhile?.();
      return await settled(answers);
    },
    known: () => linesOf(state),
    truth: async () => linesOf(applyScan(emptyState, await everything(undefined)).state),
    close: async () => {
      watcher.close();
      manifest.close();
      await Promise.all(actors.map((actor) => actor.end()));
      await bakery.close();
    },
  };

  async function open(): Promise<FileWatcher> {
    const onHint = (hint: Hint) => {
      hints.push(hint);
      dirty.add(hint, now);
      // Watches of directories hint at a new one a second time once they know what is in it, and have followed all before.
      if (watching === 'fanotify' || !hint.isWritten) awaited.delete(hint.name);
      wake();
    };
    if (watching === 'inotify') return await watchDirectories({ root, onHint, isLeftOut: () => false });
    const opened = watchFilesystems({
      ...{ root: rootPrefix(root), onHint, isLeftOut: () => false },
      onLost: () => {
        dirty.overflow();
        // They may have been lost as well.
        awaited.clear();
        wake();
      },
      onDeaf: (reason) => {
        deaf = reason;
        wake();
      },
      onEvents: () => undefined,
      onOpenedToRun: () => undefined,
      actorOf: () => anActor(),
      clock: systemClock,
    });
    if (typeof opened === 'string') throw new Error(opened);
    return opened;
  }

  function give(actor: Actor, operations: Order['operations']): Promise<Answer> {
    const marker = `${markers}/${++orders}`;
    awaited.add(`/${marker}`);
    return actor.follow({ root, operations, marker });
  }

  async function settled(answers: Promise<readonly Answer[]>): Promise<readonly Answer[]> {
    let answered: readonly Answer[] | undefined;
    answers.then(
      (all) => {
        answered = all;
        wake();
      },
      () => wake(),
    );
    let isMarked = false;
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const isTold = answered !== undefined && awaited.size === 0;
      if (isTold || !isPatient) await look();
      if (deaf !== undefined) throw new Error(deaf);
      if (isTold && (dirty.size > 0 || dirty.overflowed)) continue;
      if (isTold && answered !== undefined) {
        if (isMarked) return answered;
        // All that was done before this is told before it, whatever was lost.
        isMarked = true;
        await give(actors[0]!, []);
        continue;
      }
      await Promise.race([woken, answered === undefined ? answers : woken]);
    }
  }

  async function look(): Promise<void> {
    now += laterMs;
    const { overflowed } = dirty;
    if (!overflowed && dirty.size === 0) return;
    if (overflowed) {
      dirty.goOn();
      return await sweep('more than is kept');
    }
    const dirt = dirty.take(now);
    const check = await checkDirt(checker, dirt, state.open.values());
    if (check === undefined) return await sweep('more than a check can answer for');
    state = applyScan(state, check).state;
  }

  async function sweep(reason: string): Promise<void> {
    sweeps.push(reason);
    state = applyScan(state, await everything(stampsFile)).state;
  }

  async function everything(stamps: string | undefined): Promise<FullSweep> {
    const report: Report = await bakery.verify(undefined, stamps, undefined, undefined, root);
    const { startedAt, finishedAt, findings, coverage } = report;
    return { kind: 'sweep', startedAt, finishedAt, findings, coverage };
  }
}

function linesOf({ open, holes }: OpenState): readonly string[] {
  return [
    ...[...open.values()]
      .filter((finding) => !isRestored(finding))
      .map(({ change, subject, name, attributes, fingerprint }) =>
        [change, subject, name, attributes, fingerprint.slice(0, 14)].join(' '),
      ),
    ...holes.map(({ subject, name, reason }) => `hole ${subject} ${name} ${reason}`),
  ].sort();
}
