import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Machine, type MachinePart, machineOf } from './state/machine.ts';

/** The machine that a state directory is used on now. */
export function readMachine(stateDir: string): Machine {
  return machineOf(readMachineParts({ isOnRoot: statSync(stateDir).dev === statSync('/').dev }));
}

export interface MachineSources {
  /** Where /etc, /proc, /sys and /run lie. */
  readonly root?: string;
  /** Whether what is asked about lies on the filesystem of the root, and not on a volume that outlives it. */
  readonly isOnRoot: boolean;
}

/**
 * What tells this machine from others, as far as it shows. It must be the same at each start of the machine, whatever disks are
 * added, and another on each copy of it; what cannot promise the former is left out, because by it a good key would be lost.
 */
export function readMachineParts({ root = '', isOnRoot }: MachineSources): Partial<Record<MachinePart, string>> {
  const mounts = readText(`${root}/proc/self/mountinfo`)?.split('\n') ?? [];
  const top = mounts.filter((line) => pointOf(line) === '/').at(-1);
  const device = top === undefined ? undefined : deviceOf(root, top);
  return withoutAbsent({
    'machine-id': machineIdOf(root, mounts),
    'instance-id': instanceIdOf(root),
    'product-uuid': productUuidOf(root),
    'root-disk': device && serialOf(root, device),
    'root-filesystem': device && uuidOf(root, device),
    'root-layer': top === undefined || !isOnRoot ? undefined : layerOf(top),
  });
}

/** One under a mount is made anew at each boot, where /etc cannot be written to (machine-id(5)), or is another's. */
function machineIdOf(root: string, mounts: readonly string[]): string | undefined {
  if (mounts.some((line) => pointOf(line) === '/etc/machine-id')) return undefined;
  const id = readText(`${root}/etc/machine-id`)?.trim();
  return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
}

/** Where clouds put it into the tables of the firmware: EC2 of the Nitro kind, Compute Engine. */
function instanceIdOf(root: string): string | undefined {
  const candidates = [
    { file: 'board_asset_tag', form: /^i-[0-9a-f]{8,17}$/ },
    { file: 'product_serial', form: /^GoogleCloud-[0-9A-F]{32}$/ },
  ];
  for (const { file, form } of candidates) {
    const id = firmware(root, file);
    if (id !== undefined && form.test(id)) return id;
  }
  return undefined;
}

/**
 * In one form, whichever way round its first half is written: that changed with version 2.6 of SMBIOS, which a hypervisor may take
 * on under a machine. Boards that were given none say a number that is all alike.
 */
function productUuidOf(root: string): string | undefined {
  const uuid = firmware(root, 'product_uuid')?.toLowerCase() ?? '';
  const fields = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4}-[0-9a-f]{12})$/.exec(uuid)?.slice(1);
  if (fields === undefined || new Set(fields.join('').replaceAll('-', '')).size === 1) return undefined;
  const turned = fields.map((field, index) => (index === 3 ? field : field.match(/../g)!.reverse().join('')));
  return [uuid, turned.join('-')].sort()[0];
}

function firmware(root: string, name: string): string | undefined {
  return readText(`${root}/sys/class/dmi/id/${name}`)?.trim();
}

/** `254:1`. A filesystem over several disks has a number of its own, and names one of them (btrfs(5)). */
function deviceOf(root: string, mount: string): string | undefined {
  const number = mount.split(' ')[2] ?? '';
  if (!number.startsWith('0:')) return number;
  const source = afterDash(mount)[1] ?? '';
  if (!/^\/dev\/[\w-]+$/.test(source)) return undefined;
  return readText(`${root}/sys/class/block/${basename(source)}/dev`)?.trim();
}

/** Device mappers over mappers; more are no disk of a machine. */
const layersMax = 8;
/** What an emulator makes up of the place where it put a disk, which is no property of the disk. */
const madeUp = /^(?:QM\d{5}|drive-.*|0*)$/;

/** Undefined where the root is spread over several disks: one of those may be exchanged and the machine stays what it is. */
function serialOf(root: string, device: string): string | undefined {
  try {
    let at = realpathSync(`${root}/sys/dev/block/${device}`);
    for (let layer = 0; layer < layersMax; layer++) {
      if (readText(join(at, 'partition')) !== undefined) at = dirname(at);
      const beneath = entriesOf(join(at, 'slaves'));
      if (beneath.length > 1) return undefined;
      if (beneath.length === 0) break;
      at = realpathSync(join(at, 'slaves', beneath[0]!));
    }
    for (const name of ['serial', 'device/serial', 'device/wwid']) {
      const serial = readText(join(at, name))?.trim();
      // A wwid ends in what would be the serial.
      if (serial !== undefined) return madeUp.test(serial.split(/\s+/).at(-1)!) ? undefined : serial;
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** As udev has read it, which needs no right to read the disk itself. */
function uuidOf(root: string, device: string): string | undefined {
  return /^E:ID_FS_UUID=(.+)$/m.exec(readText(`${root}/run/udev/data/b${device}`) ?? '')?.[1];
}

/** A container is given one of its own for as long as it lives. */
function layerOf(mount: string): string | undefined {
  const [type, , options = ''] = afterDash(mount);
  if (type !== 'overlay') return undefined;
  return options.split(',').find((option) => option.startsWith('upperdir='));
}

/** proc_pid_mountinfo(5). */
function pointOf(line: string): string | undefined {
  return line.split(' ')[4];
}

function afterDash(line: string): readonly string[] {
  const fields = line.split(' ');
  return fields.slice(fields.indexOf('-', 6) + 1);
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Undefined for what is not there or must not be read. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function withoutAbsent(parts: Readonly<Record<MachinePart, string | undefined>>): Partial<Record<MachinePart, string>> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== ''));
}
