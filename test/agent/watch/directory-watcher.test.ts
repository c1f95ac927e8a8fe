import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DirectoryWatcherOptions, watchDirectories } from '../../../agent/watch/directory-watcher.ts';
import type { FileWatcher } from '../../../agent/watch/watcher.ts';
import { aDirectory } from '../../support/directory.ts';
import { until } from '../../support/until.ts';

let root: string;
let hints: Set<string>;
let watcher: FileWatcher | undefined;

beforeEach(async () => {
  root = aDirectory();
  hints = new Set();
});
afterEach(() => watcher?.close());

describe('the watcher of directories', () => {
  it('hints at a file that is written to, made, removed or given another mode', async () => {
    for (const name of ['written', 'removed', 'chmodded']) await writeFile(join(root, name), 'x');
    await watch();

    await writeFile(join(root, 'written'), 'y');
    await writeFile(join(root, 'made'), 'x');
    await rm(join(root, 'removed'));
    await chmod(join(root, 'chmodded'), 0o600);

    await hinted('/written', '/made', '/removed', '/chmodded');
  });

  it('hints deep in the tree, by names within the root', async () => {
    await mkdir(join(root, 'etc/ssh'), { recursive: true });
    await watch();

    await writeFile(join(root, 'etc/ssh/sshd_config'), 'x');

    await hinted('/etc/ssh/sshd_config');
  });

  it('follows directories that appear, with all that was put into them meanwhile', async () => {
    await watch();

    await mkdir(join(root, 'new/deep'), { recursive: true });
    await writeFile(join(root, 'new/deep/early'), 'x');

    await hinted('/new');
    await until(() => watcher!.status.directories === 3);
    await writeFile(join(root, 'new/deep/late'), 'x');
    await hinted('/new/deep/late');
  });

  it('follows a directory that is moved, under its new name and no longer under its old', async () => {
    await mkdir(join(root, 'old/sub'), { recursive: true });
    await watch();

    await rename(join(root, 'old'), join(root, 'moved'));
    await hinted('/old', '/moved');
    await until(() => watcher!.status.directories === 3);
    hints.clear();
    await writeFile(join(root, 'moved/sub/file'), 'x');

    await hinted('/moved/sub/file');
    expect([...hints].filter((name) => name.startsWith('/old'))).toEqual([]);
  });

  it('lets go of directories that are removed', async () => {
    await mkdir(join(root, 'a/b/c'), { recursive: true });
    await watch();
    expect(watcher!.status.directories).toBe(4);

    await rm(join(root, 'a'), { recursive: true });

    await hinted('/a');
    await until(() => watcher!.status.directories === 1);
  });

  it('writes names that are not UTF-8 as names are written', async () => {
    await watch();

    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0x0a])]), 'x');

    await hinted('/f\\xff\\x0a');
  });

  it('does not enter what is left out', async () => {
    await mkdir(join(root, 'state/spool'), { recursive: true });

    await watch({ isLeftOut: (name) => name === '/state' });

    expect(watcher!.status.directories).toBe(1);
  });

  it('leaves out a filesystem that does not answer, and says so', async () => {
    await mkdir(join(root, 'mnt/dead/deep'), { recursive: true });

    await watch({ isSilent: (name) => name === '/mnt/dead' });

    expect(watcher!.status).toMatchObject({ state: 'partial', directories: 2 });
    expect(watcher!.status.error).toContain('/mnt/dead');
  });

  it('says how many directories there are that it does not watch, and watches the rest', async () => {
    await mkdir(join(root, 'a/b/c'), { recursive: true });

    await watch({ watchedDirectoriesMax: 2 });

    expect(watcher!.status).toMatchObject({ state: 'partial', directories: 2 });
    expect(watcher!.status.error).toMatch(/no more than 2 .*: 2 directories/);
    await writeFile(join(root, 'file'), 'x');
    await hinted('/file');
  });

  it('watches first where a change gives power, and then what is high in the tree', async () => {
    for (const name of ['aa/deep/er', 'etc/ssh', 'home/eve/.ssh', 'home/eve/src', 'usr/share/doc', 'usr/bin', 'zz'])
      await mkdir(join(root, name), { recursive: true });

    // The root, etc, etc/ssh, home, home/eve, home/eve/.ssh, usr, usr/bin; aa and zz come next.
    await watch({ watchedDirectoriesMax: 10 });
    for (const name of ['etc/ssh', 'home/eve/.ssh', 'usr/bin', 'zz', 'aa/deep/er', 'home/eve/src', 'usr/share/doc'])
      await writeFile(join(root, name, 'file'), 'x');
    await writeFile(join(root, 'last'), 'x');

    await hinted('/last');
    expect([...hints].sort()).toEqual(['/etc/ssh/file', '/home/eve/.ssh/file', '/last', '/usr/bin/file', '/zz/file']);
    expect(watcher!.status.error).toContain(': 5 directories');
  });

  it('watches all anew where more came and went than it follows, and hints at all of it', async () => {
    await watch({ renamedMax: 1 });

    for (let index = 0; index < 20; index++) await mkdir(join(root, `new-${index}`));
    await hinted('/');
    await until(() => watcher!.status.directories === 21);
    await writeFile(join(root, 'new-19/file'), 'x');

    await hinted('/new-19/file');
    expect(watcher!.status).toMatchObject({ state: 'watching', error: null });
  });

  it('hints at the root when its own attributes change', async () => {
    await watch();

    await chmod(root, 0o700);

    await hinted('/');
  });

  it('is not misled by the attributes of the root of the machine', async () => {
    const { mode } = await stat('/');
    const isLeftOut = (name: string) => name !== '/';
    await watch({ root: '/', isLeftOut });

    await chmod('/', mode & 0o7777).catch(() => hints.add('/'));

    await hinted('/');
    expect(watcher!.status.directories).toBe(1);
  });
});

async function watch(overrides: Partial<DirectoryWatcherOptions> = {}): Promise<void> {
  watcher = await watchDirectories({
    root,
    onHint: ({ name }) => hints.add(name),
    isLeftOut: () => false,
    ...overrides,
  });
}

async function hinted(...names: readonly string[]): Promise<void> {
  await until(() => names.every((name) => hints.has(name)));
}
