import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readMachineParts } from '../../agent/machine-parts.ts';
import { aDirectory } from '../support/directory.ts';

let root: string;
beforeEach(() => {
  root = aDirectory();
});

const id = '0123456789abcdef0123456789abcdef';
const uuid = 'ec2a1b2c-3d4e-5f60-7182-93a4b5c6d7e8';
const disk = 'sys/devices/pci/nvme/nvme0/nvme0n1';
const onDisk = '27 1 259:1 / / rw,relatime - ext4 /dev/root rw\n';

describe('the parts of a machine', () => {
  it('are its id, its cloud’s name for it, its firmware’s, its disk and its filesystem', () => {
    write('etc/machine-id', `${id}\n`);
    write('sys/class/dmi/id/product_uuid', `${uuid.toUpperCase()}\n`);
    write('sys/class/dmi/id/board_asset_tag', 'i-0a1b2c3d4e5f60718\n');
    write('proc/self/mountinfo', onDisk);
    aPartition('vol0123456789');
    write('run/udev/data/b259:1', 'S:disk/by-uuid/x\nE:ID_FS_UUID=11-22\nE:ID_FS_TYPE=ext4\n');

    expect(parts()).toEqual({
      'machine-id': id,
      'instance-id': 'i-0a1b2c3d4e5f60718',
      'product-uuid': '2c1b2aec-4e3d-605f-7182-93a4b5c6d7e8',
      'root-disk': 'vol0123456789',
      'root-filesystem': '11-22',
    });
  });

  it('are none where nothing shows any, as in a container of the plainest kind', () => {
    expect(parts()).toEqual({});
  });

  it('are the same whichever way round the firmware writes them', () => {
    write('sys/class/dmi/id/product_uuid', uuid);
    const before = parts();

    write('sys/class/dmi/id/product_uuid', '2c1b2aec-4e3d-605f-7182-93a4b5c6d7e8');

    expect(parts()).toEqual(before);
  });

  it.each([
    ['firmware that was given no number', 'sys/class/dmi/id/product_uuid', '00000000-0000-0000-0000-000000000000'],
    ['an asset tag of people', 'sys/class/dmi/id/board_asset_tag', 'rack 7'],
    ['a machine id that is still to come', 'etc/machine-id', 'uninitialized\n'],
    ['an empty machine id', 'etc/machine-id', ''],
  ])('are not %s', (_what, path, text) => {
    write(path, text);

    expect(parts()).toEqual({});
  });

  it('are not a machine id that was made for this boot alone, and mounted there', () => {
    write('etc/machine-id', `${id}\n`);
    write('proc/self/mountinfo', `${onDisk}40 27 0:25 /machine-id /etc/machine-id ro - tmpfs tmpfs rw\n`);

    expect(parts()).toEqual({});
  });

  it.each(['QM00001', 't10.ATA     QEMU HARDDISK                           QM00001', 'drive-scsi0-0-0-0', ''])(
    'are not the serial %j, which says where a disk was put',
    (serial) => {
      write('proc/self/mountinfo', onDisk);
      aPartition(serial);

      expect(parts()).toEqual({});
    },
  );

  it('are the disk beneath a volume, but not one of several', () => {
    write('proc/self/mountinfo', '27 1 253:0 / / rw - xfs /dev/mapper/vg-root rw\n');
    aPartition('vol0123456789');
    write('sys/devices/virtual/block/dm-0/dm/uuid', 'LVM-x');
    link('sys/dev/block/253:0', 'sys/devices/virtual/block/dm-0');
    link('sys/devices/virtual/block/dm-0/slaves/nvme0n1p1', `${disk}/nvme0n1p1`);
    expect(parts()).toEqual({ 'root-disk': 'vol0123456789' });

    link('sys/devices/virtual/block/dm-0/slaves/nvme1n1p1', `${disk}/nvme0n1p1`);

    expect(parts()).toEqual({});
  });

  it('are the disk that a filesystem over several names', () => {
    write('proc/self/mountinfo', '27 1 0:33 /@ / rw - btrfs /dev/nvme0n1p1 rw,subvol=/@\n');
    write('sys/class/block/nvme0n1p1/dev', '259:1\n');
    aPartition('vol0123456789');

    expect(parts()).toEqual({ 'root-disk': 'vol0123456789' });
  });

  it('are the layer that a container writes to, unless its state lies on a volume', () => {
    const line = '600 500 0:90 / / rw - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/overlay2/abc/diff,workdir=/w\n';
    write('proc/self/mountinfo', line);

    expect(parts()).toEqual({ 'root-layer': 'upperdir=/overlay2/abc/diff' });
    expect(readMachineParts({ root, isOnRoot: false })).toEqual({});
  });
});

function parts() {
  return readMachineParts({ root, isOnRoot: true });
}

function aPartition(serial: string): void {
  write(`${disk}/device/serial`, `${serial}\n`);
  write(`${disk}/nvme0n1p1/partition`, '1\n');
  link('sys/dev/block/259:1', `${disk}/nvme0n1p1`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function link(path: string, to: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(join(root, to), join(root, path));
}
