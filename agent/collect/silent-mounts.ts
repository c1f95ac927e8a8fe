import { spawn } from 'node:child_process';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { RawName } from '../../shared/name.ts';
import type { Mounts } from './mounts.ts';
import { selfAndAbove } from './scope.ts';
import { type RootPrefix, systemPath } from './system-path.ts';

/** A filesystem that says nothing for so long is not waited for. */
const answerMsMax = 10_000;
/** Each is asked by a process of its own, so many at once. */
const askedAtOnceMax = 16;

/** Where mounts begin that do not answer. */
export type SilentMounts = ReadonlySet<RawName>;

/**
 * Finds the mounts of a server that is gone (NFS, CIFS) or of a program that hangs (FUSE). Whoever touches anything there
 * is held in the kernel, past any signal, so each is asked first by a process that is left behind when it does not come
 * back. Filesystems on disks and in memory are not asked: they answer, or fail.
 */
export async function findSilentMounts(
  root: RootPrefix,
  mounts: Mounts,
  { clock = systemClock, msMax = answerMsMax }: { readonly clock?: Clock; readonly msMax?: number } = {},
): Promise<SilentMounts> {
  const doubtful = [...mounts.all()].filter(({ pseudo, type }) => !pseudo && !isLocal(type));
  const silent = new Set<RawName>();
  for (let at = 0; at < doubtful.length; at += askedAtOnceMax) {
    const asked = doubtful.slice(at, at + askedAtOnceMax);
    await Promise.all(
      asked.map(async ({ path }) => {
        if (!(await doesAnswer(systemPath(root, path), clock, msMax))) silent.add(path);
      }),
    );
  }
  return silent;
}

/** Throws ETIMEDOUT for a path that lies in a mount that does not answer, before anything there is touched. */
export function refuseSilent(path: RawName, silent: SilentMounts): void {
  if (silent.size === 0) return;
  for (const above of selfAndAbove(path)) {
    if (silent.has(above)) throw Object.assign(new Error('its filesystem does not answer'), { code: 'ETIMEDOUT' });
  }
}

const question = `
  const fs = require('node:fs');
  const path = Buffer.from(process.argv[1], 'hex');
  fs.lstatSync(path);
  fs.opendirSync(path).readSync();`;

/** Paths in hex that somebody is still held at: nobody else is sent there, or they would pile up until nothing can start. */
const held = new Set<string>();

/** An error is an answer too. */
async function doesAnswer(path: string | Buffer, clock: Clock, msMax: number): Promise<boolean> {
  const hex = Buffer.from(path as string).toString('hex');
  if (held.has(hex)) return false;
  const child = spawn(process.execPath, [...process.execArgv, '-e', question, hex], { env: {}, stdio: 'ignore' });
  const waiting = new AbortController();
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('exit', () => {
      held.delete(hex);
      resolve(true);
    });
    child.once('error', reject);
  });
  const late = clock.sleep(msMax, waiting.signal).then(
    () => {
      held.add(hex);
      return false;
    },
    () => true,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    waiting.abort();
    child.kill('SIGKILL');
    // The kernel may keep it for ever. We do not wait for it.
    child.unref();
  }
}

/** Whether a filesystem of this type, in the words of mountinfo, answers without being asked first. */
export function isLocal(type: string): boolean {
  return localTypes.has(type);
}

const localTypes: ReadonlySet<string> = new Set([
  'bcachefs',
  'btrfs',
  'erofs',
  'exfat',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'iso9660',
  'overlay',
  'ramfs',
  'squashfs',
  'tmpfs',
  'udf',
  'vfat',
  'xfs',
  'zfs',
]);
