import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFolders } from '../../../agent/watch/folder-watcher.ts';
import type { FileWatcher } from '../../../agent/watch/watcher.ts';
import { aDirectory } from '../../support/directory.ts';
import { until } from '../../support/until.ts';

let root: string;
let watcher: FileWatcher | undefined;
const hints = new Set<string>();

beforeEach(async () => {
  root = aDirectory();
  hints.clear();
  await mkdir(join(root, 'etc/app'), { recursive: true });
  await mkdir(join(root, 'etc/left-out'));
  await mkdir(join(root, 'var'));
  await writeFile(join(root, 'etc/app/conf'), 'x');
});
afterEach(() => {
  watcher?.close();
  watcher = undefined;
});

describe('the watcher of chosen folders', () => {
  it('hints at what happens beneath them, and nowhere else', async () => {
    await watch('/etc');

    await writeFile(join(root, 'var/other'), 'x');
    await writeFile(join(root, 'etc/app/conf'), 'y');
    await writeFile(join(root, 'etc/new'), 'y');
    await until(() => hints.has('/etc/app/conf') && hints.has('/etc/new'));
    await rename(join(root, 'etc/new'), join(root, 'etc/app/newer'));
    await rm(join(root, 'etc/app/conf'));
    await until(() => hints.has('/etc/app/newer'));

    expect([...hints].filter((name) => !name.startsWith('/etc'))).toEqual([]);
    expect(watcher!.status).toMatchObject({ kind: 'chokidar', state: 'watching', error: null });
  });

  it('does not enter what is left out, nor follow links', async () => {
    await symlink('../var', join(root, 'etc/link'));
    await watch('/etc');

    await writeFile(join(root, 'etc/left-out/x'), 'x');
    await writeFile(join(root, 'var/y'), 'x');
    await writeFile(join(root, 'etc/last'), 'x');
    await until(() => hints.has('/etc/last'));

    expect([...hints].filter((name) => /left-out|link/.test(name))).toEqual([]);
  });

  it('watches a folder that is not there yet', async () => {
    await watch('/opt');

    await mkdir(join(root, 'opt'));
    await writeFile(join(root, 'opt/x'), 'x');

    await until(() => hints.has('/opt') || hints.has('/opt/x'));
  });
});

async function watch(...folders: readonly string[]): Promise<void> {
  watcher = await watchFolders({
    ...{ root, folders },
    onHint: ({ name }) => hints.add(name),
    isLeftOut: (name) => name === '/etc/left-out',
  });
}
