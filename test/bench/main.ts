/**
 * npm run bench [-- --json] [--rounds N] [--only verify|watch|server|tls|hostile] [--agents N]
 *
 * Everything that is claimed about speed and size, measured in one run on this machine, beside its peers. As root, for
 * debootstrap; peers that are missing are installed. Exits 1 when a target is missed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePrograms } from '../../packaging/apt.ts';
import { bundleAgent } from '../../packaging/bundle.ts';
import { houseDir } from '../../packaging/run-command.ts';
import { debianRoot } from '../support/debian-root.ts';
import { type AgentOptions, idleRssOf, sweepTimesOf } from './agent-process.ts';
import { compareTimes, median } from './compare-times.ts';
import { type Figure, isMissed, tableOf } from './figure.ts';
import { hostileFiguresOf } from './hostile.ts';
import { makeManyFiles } from './many-files.ts';
import { aideOf, catOf, opensslOf } from './peers.ts';
import { planFiguresOf } from './plan.ts';
import { type Program, peakRssOf } from './program.ts';
import { serverFiguresOf } from './server.ts';
import { slowFiguresOf } from './slow-verify.ts';
import { tlsFiguresOf } from './tls.ts';
import { watchFiguresOf } from './watch.ts';

const few = 12_000;
const many = 1_000_000;
const idleMs = 60_000;
const maxBuffer = 64 * 1_048_576;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    agents: { type: 'string', default: '10000' },
  },
});
const work = mkdtempSync(join(tmpdir(), 'pristine-bench-'));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));

const { only } = options;
const isOfServer = ['server', 'tls', 'hostile', 'plan'].includes(only ?? '');
const needed = { aide: 'aide', openssl: 'openssl', inotifywait: 'inotify-tools', 'mkfs.ext4': 'e2fsprogs' };
if (!isOfServer && !(await ensurePrograms(needed))) {
  console.error(
    'bench: aide, openssl and inotifywait are needed: run it as root on Debian, which installs them, or install them',
  );
  process.exit(2);
}
const pub = join(work, 'image.pub');
const entry = isOfServer ? '' : (await bundleAgent(join(work, 'agent'))).entry;
if (entry !== '') pristine('keygen', '--out', join(work, 'image'));

const isWanted = (part: string) => only === undefined || only === part;
const figures = [
  ...(isWanted('verify') ? [...(await times()), ...(await memory())] : []),
  ...(isWanted('watch') ? await watchFiguresOf({ work, bake, options: { entry, pub }, say }) : []),
  ...(isWanted('server') ? await serverFiguresOf({ work, agents: Number(options.agents), say }) : []),
  ...(isWanted('server') || only === 'tls' ? await tlsFiguresOf({ work, agents: Number(options.agents), say }) : []),
  ...(isWanted('plan') ? await planFiguresOf({ work, say }) : []),
  ...(isWanted('server') || only === 'hostile' ? await hostileFiguresOf({ work, say }) : []),
];
const missed = figures.filter(isMissed);
if (options.json) {
  const machine = { cores: availableParallelism(), node: process.version };
  console.log(JSON.stringify({ schema: 'pristine.bench/1', machine, figures, missed: missed.length }));
} else {
  console.log(tableOf(figures));
}
process.exitCode = missed.length > 0 ? 1 : 0;

async function times(): Promise<Figure[]> {
  say('a Debian root');
  // A server with a few tools: about 12,000 entries and 330 MB.
  const root = debianRoot({ variant: 'standard', include: ['git', 'vim'] });
  const manifest = bake(root, 'debian');
  say('verify of the Debian root beside openssl and aide');
  const verifyDebian = verify(entry, root, manifest);
  const sources = { ...verify(join(houseDir, 'agent/pristine.js'), root, manifest), name: 'sources' };
  const programs = [opensslOf(root), verifyDebian, sources, aideOf(root, work)];
  const rounds = Number(options.rounds);
  const medians = await compareTimes(programs, rounds);
  const ms = (name: string) => medians.get(name) as number;
  const ours = ms(verifyDebian.name);
  say('the same with a cold cache');
  const cold = await compareTimes([catOf(root), verifyDebian], Math.min(rounds, 5), dropCaches);
  say('sweeps of the agent, the first and those after it');
  const sweeps = await sweepsOf({ entry, root, manifest, pub, work }, rounds);
  say('verify at a given pace');
  const slow = await slowFiguresOf(verifyDebian, root);
  const peak = await peakRssOf(verifyDebian);
  say(`an idle agent, ${idleMs / 1000} s after its sweep`);
  const idle = await idleRssOf({ entry, root, manifest, pub, work, idleMs });
  return [
    { name: 'Debian root', value: entriesOf(root), unit: 'entries' },
    { name: 'Debian root: content', value: contentMibOf(root), unit: 'MiB' },
    { name: 'openssl dgst, 2 at once', value: ms('openssl'), unit: 'ms' },
    { name: 'aide --check, 2 workers', value: ms('aide'), unit: 'ms' },
    { name: 'verify, bundle', value: ours, unit: 'ms' },
    { name: 'verify, sources', value: ms('sources'), unit: 'ms' },
    { name: 'verify / openssl', value: ours / ms('openssl'), unit: 'times', target: { atMost: 1.5 } },
    { name: 'aide / verify', value: ms('aide') / ours, unit: 'times', target: { atLeast: 5 } },
    { name: 'cold: cat, 2 at once', value: cold.get('cat')!, unit: 'ms' },
    { name: 'cold: verify, bundle', value: cold.get('verify')!, unit: 'ms' },
    {
      name: 'cold: verify / cat',
      value: cold.get('verify')! / cold.get('cat')!,
      unit: 'times',
      target: { atMost: 1.2 },
    },
    { name: 'first sweep', value: sweeps.first, unit: 'ms' },
    { name: 'second sweep', value: sweeps.second, unit: 'ms' },
    {
      name: 'first / second sweep',
      value: sweeps.first / sweeps.second,
      unit: 'times',
      target: { atLeast: 4 },
    },
    ...slow,
    { name: 'verify, bundle: peak memory', value: peak / 1024, unit: 'MiB' },
    { name: 'idle agent, bundle: memory', value: idle / 1024, unit: 'MiB', target: { atMost: 80 } },
  ];
}

async function memory(): Promise<Figure[]> {
  const small = await peakWith(few);
  const large = await peakWith(many);
  return [
    { name: `verify of ${few} entries: peak memory`, value: small / 1024, unit: 'MiB' },
    { name: `verify of ${many} entries: peak memory`, value: large / 1024, unit: 'MiB', target: { atMost: 143 } },
    { name: `memory, ${many} / ${few} entries`, value: large / small, unit: 'times', target: { atMost: 1.3 } },
  ];
}

async function peakWith(entries: number): Promise<number> {
  say(`verify of ${entries} small files`);
  const root = join(work, `files-${entries}`);
  makeManyFiles(root, entries);
  const program = verify(entry, root, bake(root, `manifest-${entries}`));
  const peaks = [await peakRssOf(program), await peakRssOf(program), await peakRssOf(program)];
  rmSync(root, { recursive: true });
  return median(peaks);
}

function bake(root: string, name: string): string {
  const out = join(work, name);
  const key = join(work, 'image.key');
  pristine('bake', '--root', root, '--image', name, '--image-version', '1', '--out', out, '--key', key);
  return out;
}

function verify(program: string, root: string, manifest: string): Program {
  const command = [process.execPath, program, 'verify', '--root', root, '--manifest', manifest, '--pub', pub];
  return { name: 'verify', command };
}

/** Medians over so many agents: each begins with all to look at, and then looks where something has changed. */
async function sweepsOf(options: AgentOptions, agents: number): Promise<{ first: number; second: number }> {
  const firsts: number[] = [];
  const seconds: number[] = [];
  for (let agent = 0; agent < agents; agent++) {
    const { first, later } = await sweepTimesOf(options, 3);
    firsts.push(first);
    seconds.push(...later);
  }
  return { first: median(firsts), second: median(seconds) };
}

/** proc_sys_vm(5): clean pages, and then directory entries and inodes. */
function dropCaches(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

function pristine(...args: readonly string[]): void {
  execFileSync(process.execPath, [entry, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function entriesOf(root: string): number {
  return execFileSync('find', [root, '-xdev', '-printf', '.'], { maxBuffer }).length;
}

function contentMibOf(root: string): number {
  const sizes = execFileSync('find', [root, '-xdev', '-type', 'f', '-printf', '%s\n'], { encoding: 'utf8', maxBuffer });
  return sizes.split('\n').reduce((sum, size) => sum + Number(size), 0) / 1_048_576;
}

function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}
