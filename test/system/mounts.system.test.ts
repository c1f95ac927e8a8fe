import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bake, bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { afterMounting, isRoot, quoted } from '../support/scratch.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';
import { aWorkbench } from '../support/workbench.ts';

describe.skipIf(!isRoot)('at mounts (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  const tmpfs = (path: string) => `mount -t tmpfs -o mode=0755 tmpfs ${quoted(path)}`;

  it('baked paths under an empty tmpfs are one hole', async () => {
    const { root, manifest } = await aBakedTree(place, keys);

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(tmpfs(`${root}/opt/app`)),
    });

    expect(report.coverage.holes).toEqual([hole('/opt/app', 'covered-by-mount')]);
    expect(report.coverage.mounts).toEqual(['/opt/app']);
    expect(report.findings).toEqual([]);
    expect(code).toBe(3);
  });

  it('what lies in the tmpfs is compared', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const into = quoted(`${root}/opt/app`);
    const fill = `printf a >${into}/a; printf evil >${into}/b; printf new >${into}/new`;

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`${tmpfs(`${root}/opt/app`)}; ${fill}`),
    });

    expect(report.coverage.holes).toEqual([hole('/opt/app', 'covered-by-mount')]);
    expect(brief(report)).toEqual([
      'added file /opt/app/new [content,gid,mode,size,type,uid] medium',
      'modified file /opt/app/b [content,size] medium',
    ]);
    expect(code).toBe(1);
  });

  it('a bind mount of equal files is listed, and a hole, since what lies beneath may be anything', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const equal = place.folder('equal');
    cpSync(join(root, 'opt/app'), equal, { recursive: true });

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`mount --bind ${quoted(equal)} ${quoted(`${root}/opt/app`)}`),
    });

    expect(report.findings).toEqual([]);
    expect(report.coverage.mounts).toEqual(['/opt/app']);
    expect(report.coverage.holes).toEqual([hole('/opt/app', 'covered-by-mount')]);
    expect(code).toBe(3);
  });

  it.for([
    ['a file', '/opt/app/a', 'mount --bind COPY/a ROOT/opt/app/a', '/opt/app/a'],
    ['a directory', '/opt/app/lib/c', 'mount --bind COPY/lib ROOT/opt/app/lib', '/opt/app/lib'],
    [
      'a tree, in a tmpfs',
      '/opt/app/b',
      'mount -t tmpfs -o mode=0755 t ROOT/opt/app; cp -a COPY/. ROOT/opt/app',
      '/opt/app',
    ],
  ] as const)(
    'the original of %s over a change does not hide that there is something to hide',
    async ([, changed, cover, name]) => {
      const { root, manifest } = await aBakedTree(place, keys);
      const copy = place.folder(`original-${name.replaceAll('/', '-')}`);
      cpSync(join(root, 'opt/app'), copy, { recursive: true, preserveTimestamps: true });
      writeFileSync(join(root, changed), 'evil');
      const script = cover.replaceAll('COPY', quoted(copy)).replaceAll('ROOT', quoted(root));

      const { code, report } = await verify({ root, manifest, pub: keys.pub, before: afterMounting(script) });

      expect(report.coverage.holes).toEqual([hole(name, 'covered-by-mount')]);
      expect(report.findings.filter((finding) => finding.name === changed)).toEqual([]);
      expect(code).toBe(3);
    },
  );

  it.for([
    ['fstab', 'etc/fstab', '# a volume\nUUID=11-22 /opt/app ext4 defaults 0 2\n'],
    ['a unit', 'etc/systemd/system/opt-app.mount', '[Mount]\nWhat=/dev/vdb\nWhere=/opt/app\n'],
  ] as const)('a mount that %s of the image tells of hides nothing', async ([, file, text]) => {
    const { root, manifest } = await aBakedTree(place, keys);
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
    await bakeSigned({ root, out: manifest, key: keys.key });
    const equal = place.folder(`equal-${file.replaceAll('/', '-')}`);
    cpSync(join(root, 'opt/app'), equal, { recursive: true, preserveTimestamps: true });

    const { code, report } = await verify({
      ...{ root, manifest, pub: keys.pub },
      before: afterMounting(`mount --bind ${quoted(equal)} ${quoted(`${root}/opt/app`)}`),
    });

    expect(report.coverage).toMatchObject({ mounts: ['/opt/app'], holes: [] });
    expect(code).toBe(0);
  });

  it('a bind mount within the same filesystem that hides files is a hole', async () => {
    const { root, manifest } = await aBakedTree(place, keys);

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`mount --bind ${quoted(`${root}/opt/app/lib`)} ${quoted(`${root}/opt/app`)}`),
    });

    expect(report.coverage.holes).toEqual([hole('/opt/app', 'covered-by-mount')]);
    expect(brief(report)).toEqual(['added file /opt/app/c [content,gid,mode,size,type,uid] medium']);
    expect(code).toBe(1);
  });

  it('a bind mount over a single file is compared as that file', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const evil = join(place.dir, 'evil');
    writeFileSync(evil, 'E');

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`mount --bind ${quoted(evil)} ${quoted(`${root}/opt/app/a`)}`),
    });

    expect(brief(report)).toEqual(['modified file /opt/app/a [content] medium']);
    expect(report.coverage.mounts).toEqual(['/opt/app/a']);
    expect(code).toBe(1);
  });

  it('a pseudo filesystem at an unusual place is not entered: a hole, and no bake', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const before = afterMounting(`mount -t proc proc ${quoted(`${root}/opt/app`)}`);

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });
    const baked = await bake({ root, out: join(place.dir, 'not-this'), before });

    expect(report.coverage.holes).toEqual([hole('/opt/app', 'covered-by-mount')]);
    expect(report.findings.filter(({ name }) => name !== '/opt/app')).toEqual([]);
    expect([1, 3]).toContain(code);
    expect(baked.code).toBe(3);
  });

  it.for([
    ['a tmpfs in /dev', 'mount -t devtmpfs none dev; mkdir -p dev/shm; mount -t tmpfs none dev/shm', '/dev/shm/x'],
    ['a tmpfs in /proc', 'mount -t proc none proc; mount -t tmpfs none proc/tty', '/proc/tty/x'],
    [
      'a tmpfs in a tmpfs in /sys',
      'mount -t sysfs none sys; mount -t tmpfs none sys/fs; mkdir sys/fs/a; mount -t tmpfs none sys/fs/a',
      '/sys/fs/a/x',
    ],
  ] as const)('a pseudo filesystem where it belongs hides nothing: %s', async ([, mounts, name]) => {
    const { root, manifest } = await aBakedTree(place, keys);
    for (const point of ['dev', 'proc', 'sys']) mkdirSync(join(root, point));
    await bakeSigned({ root, out: manifest, key: keys.key });
    const plant = `printf x >${quoted(`${root}${name}`)}; chmod 4755 ${quoted(`${root}${name}`)}`;

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`cd ${quoted(root)}; ${mounts}; ${plant}; cd /`),
    });

    expect(brief(report)).toEqual([`added file ${name} [content,gid,mode,size,type,uid] critical`]);
    expect(report.coverage.mounts).toContain(name.slice(0, -2));
    expect(code).toBe(1);
  });

  it('a file that devtmpfs keeps is seen, its devices are the kernel’s', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    mkdirSync(join(root, 'dev'));
    await bakeSigned({ root, out: manifest, key: keys.key });
    const hidden = `.pristine-test-${process.pid}`;
    const plant = `mkdir ${hidden}; printf x >${hidden}/x; chmod 4755 ${hidden}/x`;

    try {
      const { code, report } = await verify({
        root,
        manifest,
        pub: keys.pub,
        before: afterMounting(
          `mount -t devtmpfs none ${quoted(`${root}/dev`)}; cd ${quoted(`${root}/dev`)}; ${plant}; cd /`,
        ),
      });

      expect(brief(report)).toEqual([`added file /dev/${hidden}/x [content,gid,mode,size,type,uid] critical`]);
      expect(code).toBe(1);
    } finally {
      // All that is mounted of it is one.
      rmSync(`/dev/${hidden}`, { recursive: true, force: true });
    }
  });

  it('a container’s /dev is no drift', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    for (const point of ['dev', 'proc']) mkdirSync(join(root, point));
    await bakeSigned({ root, out: manifest, key: keys.key });
    const nodes = ['null 1 3', 'zero 1 5', 'full 1 7', 'random 1 8', 'urandom 1 9', 'tty 5 0'].map((node) => {
      const [name, ...numbers] = node.split(' ');
      return `mknod -m 666 dev/${name} c ${numbers.join(' ')}`;
    });

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(
        [
          `cd ${quoted(root)}`,
          'mount -t tmpfs -o mode=755 none dev',
          ...nodes,
          'mount -t proc none proc',
          'mount --bind dev/null proc/timer_list',
          'cd /',
        ].join('; '),
      ),
    });

    expect(brief(report)).toEqual([]);
    expect(code).toBe(0);
  });

  it('a mount point with a blank, a newline and a backslash in its name is told apart', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const odd = 'odd name\n\\040\\x';
    mkdirSync(join(root, odd, 'in'), { recursive: true });
    writeFileSync(join(root, odd, 'in/file'), 'x');
    await bakeSigned({ root, out: manifest, key: keys.key });

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(tmpfs(join(root, odd))),
    });

    expect(report.coverage.holes).toEqual([hole('/odd name\\x0a\\\\040\\\\x', 'covered-by-mount')]);
    expect(code).toBe(3);
  });

  it('a mount over the whole root from before is the root', async () => {
    const { root, manifest } = await aBakedTree(place, keys);

    const { code } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(`mount --bind ${quoted(root)} ${quoted(root)}`),
    });

    expect(code).toBe(0);
  });

  it('a filesystem mounted into itself ends', async () => {
    const { root, manifest } = await aBakedTree(place, keys);

    const { code, report } = await verify({
      root,
      manifest,
      pub: keys.pub,
      before: afterMounting(
        `mkdir -p ${quoted(`${root}/loop`)}; mount --rbind ${quoted(root)} ${quoted(`${root}/loop`)}`,
      ),
    });

    expect(code).toBe(1);
    expect(report.findings.every(({ name }) => name === '/loop' || name.startsWith('/loop/'))).toBe(true);
    rmSync(join(root, 'loop'), { recursive: true });
  });
});
