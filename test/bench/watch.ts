import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentOptions, type AgentProcess, startAgent } from './agent-process.ts';
import { median } from './compare-times.ts';
import type { Figure } from './figure.ts';
import { makeManyFiles } from './many-files.ts';
import { openOwnDisks } from './own-disks.ts';
import { anonymousOf, cpuMsOf, rssOf } from './program.ts';
import { sustainedChanges } from './sustained-changes.ts';
import { costOfWatching, watchPeers } from './watch-peers.ts';

const entries = 100_000;
const extracted = 50_000;
const settleMs = 10_000;
const idleMs = 60_000;
const writes = 100;

export interface WatchBench {
  readonly work: string;
  /** Bakes a root and gives its manifest. */
  readonly bake: (root: string, name: string) => string;
  readonly options: Pick<AgentOptions, 'entry' | 'pub'>;
  readonly say: (what: string) => void;
}

/** The watching agent on a large tree with a filesystem of its own, beside other watchers. Needs root. */
export async function watchFiguresOf({ work, bake, options, say }: WatchBench): Promise<Figure[]> {
  const disks = openOwnDisks(work);
  const root = disks.mount('watched');
  makeManyFiles(join(root, 'srv'), entries);
  const agentOptions = { ...options, work, root, manifest: bake(root, 'watched-manifest') };
  const figures: Figure[] = [{ name: 'watched tree', value: entries, unit: 'entries' }];

  for (const peer of watchPeers) {
    say(`${peer.name} on ${entries} files`);
    const { readyMs, rss } = await costOfWatching(peer, root);
    figures.push({ name: `${peer.name}: ready after`, value: readyMs, unit: 'ms' });
    figures.push({ name: `${peer.name}: memory`, value: rss / 1_024, unit: 'MiB' });
  }
  for (const [watch, kind, rssMax] of [
    ['inotify', 'inotify', 110],
    ['true', 'fanotify', 70],
  ] as const) {
    say(`an agent with ${kind} on ${entries} files`);
    const agent = startAgent(agentOptions, { sweepEvery: '24h', ...(watch === 'inotify' && { watch }) });
    const readyMs = await readyAfter(agent, kind);
    await agent.nextSweep('sweep');
    await sleep(settleMs);
    const idle = await idleShareOf(agent);
    const target = { atMost: rssMax };
    figures.push({
      ...{ name: `agent, ${kind}: watches after`, value: readyMs, unit: 'ms' },
      ...(kind === 'fanotify' && { target: { atMost: 1_000 } }),
    });
    figures.push({ name: `agent, ${kind}: idle memory`, value: rssOf(agent.pid) / 1_024, unit: 'MiB', target });
    figures.push({ name: `agent, ${kind}: of that its own alone`, value: anonymousOf(agent.pid) / 1_024, unit: 'MiB' });
    figures.push({ name: `agent, ${kind}: idle, of one core`, value: idle, unit: '%', target: { atMost: 0.2 } });
    say(`${writes} writes, each until its finding is in the spool`);
    figures.push(...(await latenciesOf(agent, root, kind)));
    if (kind === 'fanotify') {
      say('10,000 changes a second for ten seconds');
      figures.push(...(await sustainedChanges(agent, root)));
      say(`tar x of ${extracted} files, watched and not`);
      figures.push(await overheadOf(agent, root, disks.mount('unwatched'), work));
    }
    agent.end();
  }
  return figures;
}

/** From the first line of its log to the one that says that it watches. */
async function readyAfter(agent: AgentProcess, kind: string): Promise<number> {
  const { time } = await agent.nextSaid('started');
  const watching = await agent.nextSaid('watching');
  if (watching.kind !== kind) throw new Error(`the agent was to watch by ${kind}: ${watching.why}`);
  return Date.parse(watching.time) - Date.parse(time);
}

async function idleShareOf({ pid }: AgentProcess): Promise<number> {
  const before = cpuMsOf(pid);
  await sleep(idleMs);
  return ((cpuMsOf(pid) - before) / idleMs) * 100;
}

async function latenciesOf(agent: AgentProcess, root: string, kind: string): Promise<Figure[]> {
  const spool = join(agent.stateDir, 'spool');
  const times: number[] = [];
  for (let write = 0; write < writes; write++) {
    const name = `probe-${kind}-${write}`;
    writeFileSync(join(root, 'srv', `folder-${write % 100}`, name), name);
    const written = performance.now();
    while (!newestIn(spool).includes(name)) await sleep(1);
    times.push(performance.now() - written);
    await sleep(300);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
  return [
    { name: `agent, ${kind}: write to spool, p50`, value: at(0.5), unit: 'ms', target: { atMost: 100 } },
    { name: `agent, ${kind}: write to spool, p99`, value: at(0.99), unit: 'ms', target: { atMost: 1_000 } },
  ];
}

function newestIn(spool: string): string {
  const newest = readdirSync(spool)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  return newest === undefined ? '' : readFileSync(join(spool, newest), 'utf8');
}

/** How much longer it takes on the watched filesystem: medians of seven runs on each, by turns. In per cent. */
async function overheadOf(agent: AgentProcess, watched: string, unwatched: string, work: string): Promise<Figure> {
  const from = join(work, 'to-extract');
  mkdirSync(from);
  makeManyFiles(join(from, 'tree'), extracted);
  const archive = join(work, 'tree.tar');
  execFileSync('tar', ['-cf', archive, '-C', from, 'tree']);
  rmSync(from, { recursive: true });
  const times = { [watched]: [] as number[], [unwatched]: [] as number[] };
  for (let round = 0; round < 7; round++) {
    for (const root of round % 2 === 0 ? [watched, unwatched] : [unwatched, watched]) {
      await isQuiet(agent);
      const started = performance.now();
      execFileSync('tar', ['-xf', archive, '-C', root]);
      times[root]!.push(performance.now() - started);
      rmSync(join(root, 'tree'), { recursive: true });
      execFileSync('sync');
    }
  }
  const value = (median(times[watched]!) / median(times[unwatched]!) - 1) * 100;
  return { name: 'tar x, watched: longer by', value, unit: '%', target: { atMost: 5 } };
}

/** What was done before must not be what is measured: it has nothing left to do, and no child. */
async function isQuiet({ pid }: AgentProcess): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const before = cpuMsOf(pid);
    await sleep(500);
    const hasChild = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '';
    quiet = hasChild || cpuMsOf(pid) - before > 10 ? 0 : quiet + 1;
  }
}
