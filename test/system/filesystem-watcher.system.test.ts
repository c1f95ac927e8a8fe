import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FilesystemWatcherOptions, watchFilesystems } from '../../agent/watch/filesystem-watcher.ts';
import { openWatcher } from '../../agent/watch/open-watcher.ts';
import type { FileWatcher, Hint, Watcher } from '../../agent/watch/watcher.ts';
import { systemClock } from '../../shared/clock.ts';
import { anActor } from '../support/builders.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

/** What reading events gives instead of them: nothing else makes a kernel fail. */
const failing = vi.hoisted(() => ({ error: undefined as number | undefined }));
vi.mock('../../agent/host/fanotify.ts', async (original) => {
  const actual = await original<typeof import('../../agent/host/fanotify.ts')>();
  const readEvents: typeof actual.readEvents = (...args) => failing.error ?? actual.readEvents(...args);
  return { ...actual, readEvents };
});

/** Real marks on filesystems of our own. What others do comes from another process, as the watcher hears nothing of its own. */
describe.skipIf(!isRoot)('the watcher of whole filesystems (needs root)', () => {
  let place: Scratch;
  let root: string;
  let watcher: FileWatcher | Watcher | undefined;
  const hints = new Set<string>();
  const losses: string[] = [];

  beforeAll(() => {
    place = scratch();
  });
  afterEach(() => {
    watcher?.close();
    watcher = undefined;
    hints.clear();
    losses.length = 0;
  });
  afterAll(() => place?.remove());

  const listeners = {
    onHint: ({ name }: Hint) => void hints.add(name),
    onLost: (reason: string) => void losses.push(reason),
    onDeaf: (reason: string) => void losses.push(reason),
    isLeftOut: () => false,
    onEvents: () => undefined,
    actorOf: () => anActor(),
    onOpenedToRun: () => undefined,
    clock: systemClock,
  };
  const alone = { onStart: undefined, onStartsLost: () => undefined, commandLines: 'masked' } as const;
  const watch = (overrides: Partial<FilesystemWatcherOptions> = {}) => {
    const opened = watchFilesystems({ ...listeners, root, ...overrides });
    if (typeof opened === 'string') throw new Error(opened);
    watcher = opened;
  };
  const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: root });
  const hinted = (...names: readonly string[]) => until(() => names.every((name) => hints.has(name)));

  describe.each([
    ['in memory', (at: string) => place.mount(['-t', 'tmpfs', 'tmpfs'], at)],
    ['on a disk', (at: string) => mountImage(place, at)],
    ['laid over another', (at: string) => mountOverlay(place, at)],
  ])('%s', (kind, mount) => {
    beforeAll(() => {
      root = join(place.dir, kind.replaceAll(' ', '-'));
      mount(root);
    });

    it('hints at each name where something happened, as it is called now', async () => {
      sh('mkdir -p etc/ssh old/sub; for name in written removed chmodded owned opened; do echo x > etc/$name; done');
      watch();

      sh(
        'echo y > etc/written; rm etc/removed; chmod 600 etc/chmodded; chown 1 etc/owned; setfattr -n user.x -v y etc/ssh',
      );
      sh('mkdir -p new/deep; echo x > new/deep/early; ln -s x etc/link; ln etc/written etc/hard; mkfifo etc/fifo');
      sh('mv old moved; echo x > moved/sub/file; printf x > "$(printf "f\\377\\001")"; chmod 700 .');

      await hinted('/etc/written', '/etc/removed', '/etc/chmodded', '/etc/owned', '/etc/ssh', '/');
      await hinted('/new', '/new/deep/early', '/etc/link', '/etc/hard', '/etc/fifo');
      await hinted('/old', '/moved', '/moved/sub/file', '/f\\xff\\x01');
      expect([...hints].filter((name) => name.startsWith('/old/'))).toEqual([]);
      expect(losses).toEqual([]);
    });

    it('hears of a file that is still being written to', async () => {
      watch();

      sh('exec 3> log; echo x >&3; test -s log; sleep 0; echo y >&3');

      await hinted('/log');
    });

    it('says that changes were lost when the kernel had no room for them', async () => {
      watch();

      // Nobody reads meanwhile: this holds our own thread.
      sh('mkdir many; cd many; i=0; while [ $i -lt 20000 ]; do : > $i; i=$((i+1)); done');

      await until(() => losses.length > 0);
      sh('echo x > after');
      await hinted('/after');
    });
  });

  it('marks what is mounted later, and hints at where it was mounted and unmounted', async () => {
    root = join(place.dir, 'mounts');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    mkdirSync(join(root, 'm'));
    watch();

    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'm'));
    await hinted('/m');
    sh('echo x > m/inside');
    await hinted('/m/inside');
    hints.delete('/m');
    place.unmount(join(root, 'm'));
    await hinted('/m');
    expect(watcher!.status).toEqual({ kind: 'fanotify', state: 'watching', directories: 0, error: null });
  });

  it('marks another filesystem that takes the place of one', async () => {
    root = join(place.dir, 'place');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'm'));
    watch();

    sh('umount m; mount -t tmpfs tmpfs m');
    await hinted('/m');
    sh('echo x > m/inside');

    await hinted('/m/inside');
  });

  it('hints at every place where a directory is, when it is mounted more than once', async () => {
    root = join(place.dir, 'twice');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    sh('mkdir -p data/inner other');
    watch();
    place.mount(['--bind', join(root, 'data')], join(root, 'other'));
    await hinted('/other');

    sh('echo x > data/inner/x; echo y > other/y; echo z > z');

    await hinted('/data/inner/x', '/other/inner/x', '/data/y', '/other/y', '/z');
    expect(losses).toEqual([]);
  });

  it('hears of no change while it is paused, only of what is run, and of every change from then on', async () => {
    root = join(place.dir, 'paused');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    sh('cp /bin/true program');
    const run: string[] = [];
    const paused = watchFilesystems({ ...listeners, root, onOpenedToRun: (path) => void run.push(path) });
    if (typeof paused === 'string') throw new Error(paused);
    watcher = paused;

    paused.pause();
    sh('echo x > unheard; mkdir new; ./program');
    await until(() => run.includes('/program'));
    paused.resume();
    sh('echo x > heard; echo y > new/y');
    await hinted('/heard', '/new/y');

    expect([...hints].sort()).toEqual(['/heard', '/new/y']);
    expect(losses).toEqual([]);
  });

  it('leaves filesystems alone that the rules leave out', async () => {
    root = join(place.dir, 'left-out');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'theirs'));
    watch({ isLeftOut: (name) => name === '/theirs' });

    sh('echo x > theirs/x; echo x > ours');

    await hinted('/ours');
    expect([...hints]).toEqual(['/ours']);
  });

  it('tells nothing of what the agent does itself', async () => {
    root = join(place.dir, 'own');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    watch();

    writeFileSync(join(root, 'own'), 'x');
    sh('echo x > other');

    await hinted('/other');
    expect([...hints]).toEqual(['/other']);
  });

  it('does not keep a filesystem from being unmounted', async () => {
    root = join(place.dir, 'busy');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    place.mount(['-t', 'tmpfs', 'tmpfs'], join(root, 'm'));
    watch();
    sh('echo x > m/x');
    await hinted('/m/x');

    place.unmount(join(root, 'm'));
    place.unmount(root);
  });

  it('is what is opened where it is asked for, and nowhere else', async () => {
    root = join(place.dir, 'asked');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);

    watcher = await openWatcher({ ...listeners, ...alone, root, what: 'filesystems' });
    const unasked = await openWatcher({ ...listeners, ...alone, root, what: 'directories' });
    unasked.close();

    expect([watcher.status.kind, unasked.status.kind, unasked.status.why]).toEqual(['fanotify', 'inotify', null]);
  });

  it('makes way for watches of directories, and says why, where it cannot be', async () => {
    root = place.folder('part');
    mkdirSync(join(root, 'etc'));

    watcher = await openWatcher({ ...listeners, ...alone, root, what: 'filesystems' });

    expect(watcher.status).toMatchObject({ kind: 'inotify', why: 'the root is only a part of its filesystem' });
    sh('echo x > etc/x');
    await hinted('/etc/x');
  });

  it('makes way for them while it runs, too, and says that changes may be lost', async () => {
    root = join(place.dir, 'deaf');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    mkdirSync(join(root, 'etc'));
    watcher = await openWatcher({ ...listeners, ...alone, root, what: 'filesystems' });
    expect(watcher.status.kind).toBe('fanotify');

    failing.error = -constants.errno.EIO;
    sh('echo x > etc/missed');
    await until(() => losses.length > 0);
    failing.error = undefined;

    const why = `events can no longer be read: error ${constants.errno.EIO}`;
    expect(losses).toEqual([why]);
    expect(watcher.status).toMatchObject({ kind: 'inotify', state: 'watching', directories: 2, why });
    sh('echo x > etc/x');
    await hinted('/etc/x');
  });

  it('needs the right to administer the system, and says so', () => {
    root = join(place.dir, 'unprivileged');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    const script = `
      const { watchFilesystems } = await import(${JSON.stringify(join(import.meta.dirname, '../../agent/watch/filesystem-watcher.ts'))});
      console.log(watchFilesystems({ root: ${JSON.stringify(root)}, onHint() {}, onLost() {}, onDeaf() {}, isLeftOut: () => false }));`;
    const drop = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'];

    const { stdout } = spawnSync('setpriv', [...drop, process.execPath, '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });

    expect(stdout).toBe('fanotify needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH\n');
  });
});

function mountImage(place: Scratch, at: string): void {
  const image = join(place.dir, 'disk');
  execFileSync('truncate', ['-s', '64M', image]);
  execFileSync('mkfs.ext4', ['-q', '-N', '65536', image]);
  place.mount(['-o', 'loop', image], at);
}

function mountOverlay(place: Scratch, at: string): void {
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => place.folder(`overlay.${name}`));
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work},index=on,nfs_export=on`;
  place.mount(['-t', 'overlay', '-o', layers, 'overlay'], at);
}
