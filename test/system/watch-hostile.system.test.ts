import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { bakeSigned } from '../support/pristine-cli.ts';
import { afterMounting, isRoot, quoted } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { heldBy, startWatchingAgent, truthOf, type WatchingAgent } from '../support/watching-agent.ts';
import { aWorkbench } from '../support/workbench.ts';

/** Of the agent's own process, whatever is done to it; without any of this it takes about 130, from its sources. */
const peakMiBMax = 200;
const byRing = fileURLToPath(new URL('../support/write-by-ring.ts', import.meta.url));
const byMapping = fileURLToPath(new URL('../support/write-by-mapping.ts', import.meta.url));
/** From a look to its report, on a busy machine. */
const tellingMsMax = 20_000;
const watchers = [true, 'inotify'] as const;

/** What people and machines do to a watched tree. Each ends with the agent alive, in its bound, and right after its next sweep. */
describe.skipIf(!isRoot)('an agent that watches (needs root)', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let agent: WatchingAgent | undefined;
  let root: string;
  let manifest: string;
  let trees = 0;
  const peaks: number[] = [];
  afterAll(() => console.log(`most memory, in MiB: ${peaks.sort((a, b) => b - a).join(' ')}`));
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
  });

  const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: root });

  /** A filesystem of its own, baked: 50 files in each of /srv/a and /srv/b, and /var/log, where anything may be written. */
  async function aWatchedTree(more: Partial<Parameters<typeof startWatchingAgent>[0]> = {}): Promise<WatchingAgent> {
    root = join(place.dir, `tree-${++trees}`);
    manifest = `${root}.manifest`;
    place.mount(['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs'], root);
    for (const directory of ['srv/a', 'srv/b', 'etc', 'var/log', 'mnt'])
      mkdirSync(join(root, directory), { recursive: true });
    for (let index = 0; index < 50; index++) {
      for (const directory of ['srv/a', 'srv/b']) writeFileSync(join(root, directory, `f${index}`), `${index}\n`);
    }
    await bakeSigned({ root, out: manifest, key: keys.key });
    agent = await startWatchingAgent({ place, keys, root, manifest, watch: true, sweepEvery: '1s', ...more });
    return agent;
  }

  async function isRight(before: readonly string[] = []): Promise<readonly string[]> {
    await agent!.swept();
    return await isRightNow(before);
  }

  /** Where no sweep is due: what it has told by hints alone. */
  async function isRightNow(before: readonly string[] = []): Promise<readonly string[]> {
    const truth = await truthOf({ root, manifest, keys, before });
    await Promise.race([
      until(() => heldBy(agent!).join('\n') === truth.join('\n')),
      sleep(tellingMsMax, undefined, { ref: false }),
    ]);
    expect(heldBy(agent!)).toEqual(truth);
    expect(agent!.ended()).toBeUndefined();
    expect(agent!.peakMiB()).toBeLessThan(peakMiBMax);
    expect(agent!.log().filter(({ level }) => (level as number) >= 50)).toEqual([]);
    peaks.push(Math.round(agent!.peakMiB()));
    return truth;
  }

  it('notices that more happened than the kernel keeps for it, while it was stopped', async () => {
    await aWatchedTree({ sweepEvery: '1h' });
    agent!.signal('SIGSTOP');
    sh('cd var/log; i=0; while [ $i -lt 20000 ]; do : > $i; i=$((i+1)); done; echo x > ../../srv/a/f1');
    agent!.signal('SIGCONT');

    await until(() => agent!.log().some(({ msg }) => msg === 'changes were lost'));
    await agent!.told('/srv/a/f1');

    expect(await isRightNow()).toHaveLength(1);
  });

  it.each(watchers)('goes on where it was stopped for some seconds amid changes, watching by %s', async (watch) => {
    await aWatchedTree({ watch, sweepEvery: '1h' });
    agent!.signal('SIGSTOP');
    for (let round = 0; round < 6; round++)
      sh(`for f in srv/a/*; do echo changed ${round} > $f; done; mv srv/a srv/c; mv srv/c srv/a; sleep 0.5`);
    agent!.signal('SIGCONT');

    await agent!.told('/srv/a/f0', '/srv/a/f49');

    expect(await isRightNow()).toHaveLength(50);
  });

  it('says how it is where no more directories may be watched, and is right after a sweep', async () => {
    const few = [
      'unshare',
      '--user',
      '--map-root-user',
      'sh',
      '-ec',
      'echo 5 >/proc/sys/user/max_inotify_watches; exec "$@"',
      'sh',
    ];
    await aWatchedTree({ watch: 'inotify', before: few });

    sh('mkdir -p srv/a/deep/er; echo x > srv/a/deep/er/file; echo y > srv/b/f1');

    await isRight(few);
    await until(() => agent!.status().watcher.state === 'partial');
    expect(agent!.status().watcher).toMatchObject({ kind: 'inotify', state: 'partial' });
    expect(agent!.status().watcher.error).toContain('fs.inotify.max_user_watches');
  });

  it.each(watchers)('outlives directories that come and go all the time, watching by %s', async (watch) => {
    await aWatchedTree({ watch });

    sh(
      'i=0; while [ $i -lt 300 ]; do mkdir -p srv/x/y/z; echo $i > srv/x/y/z/f; mv srv/x srv/x2; rm -r srv/x2; i=$((i+1)); done',
    );
    sh('mkdir -p srv/x/y; echo x > srv/x/y/left');

    expect((await isRight()).map(nameIn)).toEqual(['/srv/x', '/srv/x/y', '/srv/x/y/left']);
  });

  it.each(watchers)('tells of a file that was written to by its other name, watching by %s', async (watch) => {
    await aWatchedTree({ watch, sweepEvery: '1h' });

    sh('ln srv/a/f1 var/log/innocent; echo evil >> var/log/innocent');
    await agent!.told('/srv/a/f1');
    sh('mkdir srv/c; mv srv/a/f1 srv/c/elsewhere; echo more >> var/log/innocent');
    await agent!.told('/srv/c/elsewhere');

    await isRightNow();
  });

  it.each(watchers)('tells of what was written through a bind mount, watching by %s', async (watch) => {
    await aWatchedTree({ watch });
    place.mount(['--bind', join(root, 'srv/a')], join(place.dir, `bound-${trees}`));

    sh(`echo x >> ${join(place.dir, `bound-${trees}`)}/f7`);
    await agent!.told('/srv/a/f7');

    place.unmount(join(place.dir, `bound-${trees}`));
    await isRight();
  });

  it('tells of what was stored by a mapping', async () => {
    await aWatchedTree({ sweepEvery: '1h' });

    execFileSync(process.execPath, [byMapping, join(root, 'srv/a/f1'), 'mapped']);
    await agent!.told('/srv/a/f1');

    await isRightNow();
  });

  it.for(watchers)(
    'tells of what was written through a ring, where the kernel has them, watching by %s',
    async (watch, { skip }) => {
      await aWatchedTree({ watch, sweepEvery: '1h' });

      const [code] = await once(spawn(process.execPath, [byRing, join(root, 'srv/a/f2'), 'by ring']), 'exit');
      if (code === 2) skip('this kernel lets nobody have rings');
      await agent!.told('/srv/a/f2');

      expect(await isRightNow()).toHaveLength(1);
    },
  );

  it.each(watchers)('follows what is renamed across directories and filesystems, watching by %s', async (watch) => {
    await aWatchedTree({ watch });
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'mnt'));

    sh(
      'mv srv/a/f1 srv/b/from-a; mv srv/a/f2 etc/; mv srv/b mnt/; mv mnt/b/f3 srv/a/f3; mv mnt/b etc/b; mv srv/a/f4 srv/a/f5',
    );

    expect((await isRight()).length).toBeGreaterThan(100);
  });

  it.each(watchers)('takes names of any bytes, watching by %s', async (watch) => {
    await aWatchedTree({ watch });

    sh(
      String.raw`for n in '\377' 'new\nline' '\033[31m' 'back\\slash' '-rf' ' ' '\342\200\256'; do d=$(printf -- "$n"); mkdir -p "srv/$d"; echo x > "srv/$d/$d"; done`,
    );

    expect(await isRight()).toHaveLength(14);
  });

  it.each(watchers)('outlives mounts and unmounts, watching by %s', async (watch) => {
    await aWatchedTree({ watch });

    sh(
      'i=0; while [ $i -lt 40 ]; do mount -t tmpfs tmpfs srv/a; echo x > srv/a/f1; mount --bind srv/b mnt; echo $i > mnt/f2; umount --lazy mnt srv/a; i=$((i+1)); done',
    );
    expect((await isRight()).map(nameIn)).toEqual(['/srv/b/f2']);
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'srv/a'));

    await isRight();
  });

  it('is kept up by no filesystem that is mounted while it runs and never answers', async () => {
    await aWatchedTree({ before: afterMounting('') });
    const inside = (script: string) => ['-t', `${agent!.status().pid}`, '-m', 'sh', '-ec', script];
    const silent = `exec 7<>/dev/fuse; mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 silent ${quoted(join(root, 'srv/b'))}; echo mounted; read end`;
    const holder = spawn('nsenter', inside(silent), { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');

    execFileSync('nsenter', inside(`echo x > ${quoted(join(root, 'srv/a/f1'))}`));
    await agent!.told('/srv/a/f1');
    await agent!.swept();
    await until(() => agent!.status().holes === 1);
    expect(agent!.status().watcher).toMatchObject({ kind: 'fanotify', state: 'partial' });

    execFileSync('nsenter', inside(`umount --lazy ${quoted(join(root, 'srv/b'))}`));
    holder.stdin.end();
    await once(holder, 'exit');
    expect(await isRight()).toHaveLength(1);
    await until(() => agent!.status().watcher.state === 'watching');
  });

  it('knows processes that have ended at once', async () => {
    await aWatchedTree({ sweepEvery: '1h' });

    for (let index = 0; index < 50; index++) sh(`exec cp etc/../srv/b/f${49 - index} srv/a/f${index}`);
    await agent!.told(...Array.from({ length: 50 }, (_, index) => `/srv/a/f${index}`));
    const actors = agent!.open().flatMap((finding) => finding.actors ?? []);
    // Of some only the number is left: never is it somebody else.
    const programs = actors.flatMap(({ program }) => program ?? []);
    expect(actors.length).toBeGreaterThanOrEqual(50);
    expect(programs.length).toBeGreaterThan(10);
    expect(programs.filter((program) => !program.endsWith('/cp'))).toEqual([]);
    expect(await isRightNow()).toHaveLength(50);
  });

  it.each(watchers)('bears 100,000 files that change within seconds, watching by %s', async (watch) => {
    await aWatchedTree({ watch });
    const from = performance.now();

    sh(
      'cd var/log; for d in 0 1 2 3 4 5 6 7 8 9; do mkdir $d; i=0; while [ $i -lt 10000 ]; do echo > $d/$i; i=$((i+1)); done; done',
    );
    sh('for f in srv/a/*; do echo changed > $f; done');
    expect(performance.now() - from).toBeLessThan(10_000);

    expect(await isRight()).toHaveLength(50);
  });
});

function nameIn(line: string): string {
  return line.split(' ')[2]!;
}
