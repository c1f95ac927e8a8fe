import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStampFile, openStampWriter } from '../../agent/check/stamp-file.ts';
import type { OpenState } from '../../agent/open-state.ts';
import type { QuickSweepOptions } from '../../agent/quick-sweep.ts';
import type { FullSweep } from '../../agent/scan.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Coverage, HoleReason } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import { aBakery, type Bakery } from '../support/baked.ts';
import { aCoverage, aFinding, aTime } from '../support/builders.ts';
import { aQuickSweeper, type QuickSweeperHarness } from '../support/quick-sweeper.ts';
import { type Random, seededRandom, testSeed } from '../support/random.ts';

let bakery: Bakery;
let agent: QuickSweeperHarness;
const at = (name: string) => join(bakery.root, name);
const rules = [
  { as: 'ephemeral', match: '/var/log/**' },
  { as: 'immutable', match: '/var/cache/sub/*.so' },
  { as: 'ignored', match: '/var/cache/**', reason: 'a cache' },
  { as: 'per-instance', match: '/etc/machine-id' },
];

async function start(overrides: Partial<QuickSweepOptions> = {}): Promise<void> {
  agent = aQuickSweeper(bakery, overrides);
  expect((await agent.sweep()).kind).toBe('sweep');
}

beforeEach(async () => {
  bakery = aBakery((root) => {
    for (const directory of [
      'bin',
      'etc/cron.d',
      'var/log',
      'var/cache/sub',
      'var/log/bob/.ssh',
      'home/eve',
      'srv/a/b/c',
    ]) {
      mkdirSync(join(root, directory), { recursive: true });
    }
    writeFileSync(
      join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\nbob:x:1001:1001::/var/log/bob:/bin/sh\n',
    );
    writeFileSync(join(root, 'var/log/bob/.ssh/authorized_keys'), `${aKey} bob\n`);
    writeFileSync(join(root, 'etc/machine-id'), '');
    writeFileSync(join(root, 'var/log/syslog'), '');
    writeFileSync(join(root, 'bin/su'), '#!', { mode: 0o755 });
    chmodSync(join(root, 'bin/su'), 0o4755);
    for (let index = 0; index < 40; index++) writeFileSync(join(root, `srv/f${index}`), `content ${index}`);
    writeFileSync(join(root, 'srv/a/b/c/deep'), 'deep');
    symlinkSync('../srv/f1', join(root, 'etc/link'));
  });
  await bakery.bake({ rules });
});
afterEach(async () => {
  agent.close();
  await bakery.close();
});

describe('a quick sweep', () => {
  it('reads next to nothing of what has not changed', async () => {
    await start();

    const scan = await agent.sweep();

    expect(scan.kind).toBe('quick-sweep');
    expect(scan.coverage.filesUnchanged).toBeGreaterThan(30);
    expect(scan.coverage.filesUnchanged + scan.coverage.filesHashed).toBe(46);
    expect(agent.known()).toEqual([]);
  });

  it('finds every change, whatever was done to hide it', async () => {
    await start();
    const { atime, mtime } = statSync(at('srv/f1'));
    writeFileSync(at('srv/f1'), 'CONTENT 1');
    utimesSync(at('srv/f1'), atime, mtime);
    chmodSync(at('srv/f2'), 0o600);
    rmSync(at('srv/f3'));
    writeFileSync(at('srv/new'), 'x');
    renameSync(at('srv/f4'), at('srv/f4x'));
    linkSync(at('srv/f5'), at('srv/f5x'));
    renameSync(at('srv/f6'), at('srv/f7'));
    writeFileSync(at('etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nmallory:x:0:0::/:/bin/sh\n');
    rmSync(at('srv/a'), { recursive: true });
    writeFileSync(at('etc/cron.d/job'), '* * * * * root /bin/true\n');

    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual(await agent.truth());
    expect(agent.known().length).toBeGreaterThan(14);
  });

  it('takes back what was mended, also where only a check had seen it', async () => {
    await start();
    writeFileSync(at('srv/f1'), 'changed');
    writeFileSync(at('srv/added'), 'x');
    chmodSync(at('srv'), 0o700);
    await agent.check('/srv/f1', '/srv/added', '/srv');
    expect(agent.known()).toHaveLength(3);
    writeFileSync(at('srv/f1'), 'content 1');
    rmSync(at('srv/added'));
    chmodSync(at('srv'), 0o755);

    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual([]);
  });

  it('finds again what was mended and broken again', async () => {
    chmodSync(at('srv/a'), 0o700);
    rmSync(at('srv/f3'));
    writeFileSync(at('srv/f4'), 'changed');
    await start();
    const before = agent.known();
    chmodSync(at('srv/a'), 0o755);
    writeFileSync(at('srv/f3'), 'content 3');
    writeFileSync(at('srv/f4'), 'content 4');
    await agent.check('/srv/a', '/srv/f3', '/srv/f4');
    expect(agent.known()).toEqual([]);
    chmodSync(at('srv/a'), 0o700);
    rmSync(at('srv/f3'));
    writeFileSync(at('srv/f4'), 'changed');

    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual(before);
  });

  it.each<[string, Partial<QuickSweepOptions>, () => unknown]>([
    ['ENOENT', {}, () => rmSync(agent.stampsFile)],
    ['not what it wrote', {}, () => truncateSync(agent.stampsFile, statSync(agent.stampsFile).size - 1)],
    ['not what it wrote', {}, () => flip(agent.stampsFile, 130)],
    ['not what it wrote', {}, () => writeFileSync(agent.stampsFile, 'garbage')],
    ['was not kept', {}, () => bakery.verify(undefined, agent.stampsFile)],
    ['other facts than everything said', {}, () => addJob()],
    ['which each instance writes itself', {}, () => writeFileSync(at('etc/machine-id'), 'a'.repeat(32))],
    ['a hole at package /x', { known: () => holed('package', '/x') }, () => undefined],
    ['a hole at file /', { known: () => holed('file', '/') }, () => undefined],
    [
      'what runs',
      { machine: async () => aMachine({ holes: [{ ...everything, subject: 'manifest' }] }) },
      () => undefined,
    ],
    ['what runs', { machine: async () => aMachine({ live: false }) }, () => undefined],
    ['not what it wrote', {}, () => execFileSync('sh', ['-c', `rm $0; mkfifo $0`, agent.stampsFile])],
    ['was not kept', {}, () => forgeStamps()],
    ['a hole at file /srv', { known: () => holed('file', '/srv', 'too-deep') }, () => undefined],
    ['where facts are read', {}, () => writeFileSync(at('var/log/bob/.ssh/authorized_keys'), `${aKey} mallory\n`)],
    ['too much has changed', {}, () => many(4_100)],
    ['cannot answer', {}, () => truncateSync(at('srv/f1'), 300e6)],
    ['cannot answer', {}, () => truncateSync(newFile('var/log/huge'), 300e6)],
    ['cannot answer', { checker: { check: async () => undefined } }, () => chmodSync(at('srv'), 0o700)],
  ])('is no quick one for this: %s', async (reason, overrides, change) => {
    await start(overrides);
    await change();

    expect((await agent.sweep()).kind).toBe('sweep');
    expect(agent.reasons).toEqual([expect.stringContaining(reason)]);
    expect(agent.known()).toEqual(await agent.truth());
  });

  it('sees what is new in a directory that is looked into, and not at', async () => {
    await start();
    writeFileSync(at('var/cache/sub/evil.so'), '');
    writeFileSync(at('var/cache/sub/else'), '');

    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual(await agent.truth());
    expect(agent.known()).toHaveLength(1);
    rmSync(at('var/cache/sub/evil.so'));
    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual([]);
  });

  it('is no quick one by other rules or pins', async () => {
    let judgedBy = 0;
    await start({ judgedBy: () => `${judgedBy++}` });

    expect((await agent.sweep()).kind).toBe('sweep');
  });

  it('tells what runs now, and nothing else of it', async () => {
    const process = aFinding({ subject: 'process', name: '/tmp/x' });
    let runs = [process];
    await start({ machine: async () => aMachine({}, runs) });
    writeFileSync(at('srv/f1'), 'changed');

    const first = await agent.sweep();
    expect([first.kind, first.findings.map(({ name }) => name)]).toEqual(['quick-sweep', ['/srv/f1', '/tmp/x']]);
    runs = [];
    expect((await agent.sweep()).kind).toBe('quick-sweep');
    expect(agent.known()).toEqual(await agent.truth());
  });

  it('is no quick one where facts are read and no walk looks', async () => {
    mkdirSync(at('var/cache/jobs'), { recursive: true });
    rmSync(at('etc/cron.d'), { recursive: true });
    symlinkSync('../etc/../var/cache/jobs', at('etc/cron.d'));
    await start();
    expect((await agent.sweep()).kind).toBe('quick-sweep');

    for (const text of ['* * * * * root /bin/true\n', '* * * * * root /bin/false\n']) {
      writeFileSync(at('var/cache/jobs/job'), text);
      expect((await agent.sweep()).kind).toBe('sweep');
      expect(agent.known().filter((line) => line.includes('cron'))).not.toEqual([]);
      expect(agent.known()).toEqual(await agent.truth());
    }
    expect(agent.reasons).toEqual(Array(2).fill(expect.stringContaining('where facts are read')));
  });

  it('is no quick one for whoever wants everything to be looked at, nor after a day by any clock', async () => {
    let [now, aheadMs] = [0, 0];
    await start({ clock: { ...systemClock, monotonic: () => now, now: () => systemClock.now() + aheadMs } });

    expect((await agent.sweep('everything')).kind).toBe('sweep');
    now = 86_399_999;
    expect((await agent.sweep()).kind).toBe('quick-sweep');
    now = 86_400_000;
    expect((await agent.sweep()).kind).toBe('sweep');
    for (const ahead of [-86_500_000, 0, 86_500_000]) {
      aheadMs = ahead;
      expect((await agent.sweep()).kind).toBe('sweep');
      expect((await agent.sweep()).kind).toBe('quick-sweep');
    }
  });
});

const aKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKBkGGrAyMoRMBEoTNS0g0Hnbz7mxcVcvTFUnaWBqV';

const everything = { subject: 'file', name: '/', reason: 'io-error' } as const;

function aMachine(coverage: Partial<Coverage>, findings: readonly Finding[] = []): FullSweep {
  return {
    kind: 'sweep',
    startedAt: aTime,
    finishedAt: aTime,
    findings,
    coverage: aCoverage({ live: true, ...coverage }),
  };
}

function holed(subject: string, name: string, reason: HoleReason = 'io-error'): Pick<OpenState, 'open' | 'holes'> {
  return { open: new Map(), holes: [{ subject, name, reason }] };
}

async function addJob(): Promise<void> {
  writeFileSync(at('etc/cron.d/job'), '* * * * * root /bin/true\n');
  await agent.check('/etc/cron.d/job');
}

function newFile(name: string): string {
  writeFileSync(at(name), '');
  return at(name);
}

/** As if nothing had been there, by whoever can write the file. */
function forgeStamps(): void {
  const stamps = openStampFile(agent.stampsFile);
  stamps.close();
  const forged = openStampWriter(agent.stampsFile, 0);
  forged.save(stamps.head);
}

function many(files: number): void {
  for (let index = 0; index < files; index++) writeFileSync(at(`srv/many${index}`), '');
}

function flip(file: string, byte: number): void {
  const bytes = readFileSync(file);
  bytes[byte]! ^= 1;
  writeFileSync(file, bytes);
}

describe('a quick sweep after anything', () => {
  it('knows what a look at everything knows', { timeout: 120_000 }, async () => {
    const seed = testSeed();
    await start();
    let quick = 0;
    for (let round = 0; round < 60; round++) {
      const random = seededRandom(seed + round);
      const did: string[] = [];
      for (let count = 1 + random.below(6); count > 0; count--) {
        const name = mutate(random);
        did.push(name);
        // Some hints come, and some are lost.
        if (random.below(3) === 0) await agent.check(`/${name}`);
      }
      if (random.below(12) === 0) await agent.sweep('everything');
      else if ((await agent.sweep()).kind === 'quick-sweep') quick++;

      expect(agent.known(), `round ${round} of seed ${seed}: ${did.join(', ')}`).toEqual(await agent.truth());
    }
    expect(quick).toBeGreaterThan(20);
  });
});

/** Does something to a tree; gives the name that it did it to. Often something was done there before, and is taken back. */
function mutate(random: Random): string {
  const directory = random.pick(directories);
  const name = `${directory}/${random.pick(names)}`;
  const [path, parent] = [at(name), at(directory)];
  const typeOf = (file: string) => {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    return stats?.isDirectory() ? 'dir' : stats?.isFile() ? 'file' : stats && 'other';
  };
  if (directory.split('/').some((_, index, all) => typeOf(at(all.slice(0, index + 1).join('/'))) !== 'dir'))
    return name;
  const type = typeOf(path);
  switch (random.below(9)) {
    case 0:
    case 1:
      if (type !== 'dir' && type !== 'other') writeFileSync(path, random.pick(texts));
      break;
    case 2:
      rmSync(path, { force: true, recursive: true });
      break;
    case 3:
      if (type === 'file' || type === 'dir') chmodSync(path, random.pick([0o644, 0o600, 0o755, 0o700]));
      break;
    case 4:
      chmodSync(parent, random.pick([0o755, 0o755, 0o700]));
      return directory;
    case 5:
      rmSync(path, { force: true, recursive: true });
      symlinkSync(random.pick(['../srv/f1', '/etc/passwd', 'f2']), path);
      break;
    case 6:
      if (type !== 'dir') rmSync(path, { force: true });
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'inner'), 'x');
      break;
    case 7: {
      const other = at(`${directory}/${random.pick(['f2', ...readdirSync(parent)])}`);
      if (type !== 'dir' && typeOf(other) === 'file') renameSync(other, path);
      break;
    }
    default:
      if (type === 'file' || type === 'dir') utimesSync(path, 1, 1);
  }
  return name;
}

const directories = [
  ...[
    'srv',
    'srv/a',
    'srv/a/b',
    'etc',
    'etc/cron.d',
    'var/log',
    'var/cache',
    'var/cache/sub',
    'home/eve',
    'home/eve/.ssh',
  ],
  'var/log/bob/.ssh',
];
const names = ['f1', 'f2', 'x', 'passwd', 'syslog', 'job', 'b', 'b.so', '.ssh', 'authorized_keys'];
const texts = [
  `${aKey} mallory\n`,
  'content 1',
  'content 2',
  '* * * * * root /bin/true\n',
  'root:x:0:0:root:/root:/bin/sh\n',
];
