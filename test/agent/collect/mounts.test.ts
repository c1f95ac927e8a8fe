import { describe, expect, it } from 'vitest';
import { isNamedMount, mountAround, parseMountinfo } from '../../../agent/collect/mounts.ts';

const line = (id: number, parent: number, point: string, type: string) =>
  `${id} ${parent} 0:${id} / ${point} rw,relatime shared:${id} - ${type} none rw`;
const base = [line(1, 0, '/', 'ext4'), line(2, 1, '/proc', 'proc'), line(3, 1, '/srv', 'xfs')];
const pathsOf = (lines: readonly string[], root: string) =>
  parseMountinfo(lines.join('\n'), root).map(({ path, type }) => `${path} ${type}`);

describe('mounts', () => {
  it('are those beneath the root, the root itself apart', () => {
    const lines = [...base, line(4, 1, '/mnt/image', 'overlay'), line(5, 4, '/mnt/image/run', 'tmpfs')];

    expect(pathsOf(lines, '')).toEqual(['/proc proc', '/srv xfs', '/mnt/image overlay', '/mnt/image/run tmpfs']);
    expect(pathsOf(lines, '/mnt/image')).toEqual(['/run tmpfs']);
    expect(pathsOf(lines, '/mnt/im')).toEqual([]);
  });

  it('hide what lies beneath a later one', () => {
    const stacked = [...base, line(4, 3, '/srv/data', 'ext4'), line(5, 3, '/srv', 'tmpfs')];
    const twice = [...base, line(4, 2, '/proc', 'tmpfs')];

    expect(pathsOf(stacked, '')).toEqual(['/proc proc', '/srv tmpfs']);
    expect(pathsOf(twice, '')).toEqual(['/srv xfs', '/proc tmpfs']);
  });

  it('may have parents that a chroot hides', () => {
    expect(pathsOf([line(7, 90, '/proc', 'proc'), line(8, 91, '/srv', 'ext4')], '')).toEqual([
      '/proc proc',
      '/srv ext4',
    ]);
  });

  it('have names that are bytes', () => {
    const [mount] = parseMountinfo(line(4, 1, '/a\\040b\\134\xff', 'ext4'), '');

    expect(mount?.path).toBe('/a b\\\xff');
  });

  it('are pseudo by their type alone', () => {
    const types = ['proc', 'sysfs', 'cgroup2', 'nsfs', 'autofs', 'tmpfs', 'overlay', 'nfs4', 'fuse.sshfs'];
    const mounts = parseMountinfo(types.map((type, at) => line(at + 10, 1, `/${at}`, type)).join('\n'), '');

    expect(mounts.filter(({ pseudo }) => pseudo).map(({ type }) => type)).toEqual(types.slice(0, 5));
  });

  it('hold what lies beneath them', () => {
    const mounts = new Map(
      parseMountinfo([...base, line(4, 3, '/srv/x', 'ext4')].join('\n'), '').map((m) => [m.path, m]),
    );

    expect(mountAround(mounts, '/srv/x/y')?.path).toBe('/srv/x');
    expect(mountAround(mounts, '/srv/xy')?.path).toBe('/srv');
    expect(mountAround(mounts, '/srvx')).toBeUndefined();
  });

  it('are named with everything beneath', () => {
    expect(['/proc', '/proc/sys/fs/binfmt_misc'].every((path) => isNamedMount(path, ['/proc']))).toBe(true);
    expect(['/processes', '/', '/srv/proc'].some((path) => isNamedMount(path, ['/proc']))).toBe(false);
  });
});
