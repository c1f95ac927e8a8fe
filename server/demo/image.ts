import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError } from '../../shared/errors.ts';

export interface ImageRoot {
  readonly root: string;
  /** A sentence for the account. */
  readonly origin: string;
}

const sources = ['/etc', '/usr/bin', '/usr/sbin'] as const;
const filesMax = 3_000;
const bytesMax = 64_000_000;
/** Programs larger than this would crowd out the rest. */
const fileBytesMax = 4_000_000;

/** What the demo edits. Where this machine has none (no sshd installed), the image gets this one. */
export const sshdConfig = '/etc/ssh/sshd_config';
const sampleSshdConfig = 'PermitRootLogin no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n';

/**
 * A copy of this machine's own world-readable configuration and programs: real files, no secrets, no root needed.
 * What lies past the limits is left out; it is an image all the same, since the manifest is made from the copy.
 */
export function copyThisMachine(root: string): ImageRoot {
  const copied = { files: 0, bytes: 0 };
  mkdirSync(root, { recursive: true, mode: 0o755 });
  for (const source of sources) copyTree(source, root, copied, Math.ceil(filesMax / sources.length));
  if (lstatSync(join(root, sshdConfig), { throwIfNoEntry: false }) === undefined) {
    mkdirSync(dirname(join(root, sshdConfig)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, sshdConfig), sampleSshdConfig, { mode: 0o644 });
  }
  for (const empty of ['usr/local/bin', 'var/log']) mkdirSync(join(root, empty), { recursive: true, mode: 0o755 });
  const megabytes = (copied.bytes / 1e6).toFixed(1);
  return { root, origin: `${copied.files} files, ${megabytes} MB, copied from this machine's ${sources.join(' ')}` };
}

function copyTree(path: string, root: string, copied: { files: number; bytes: number }, share: number): void {
  const filesUpTo = Math.min(filesMax, copied.files + share);
  const pending = [path];
  for (let next = pending.pop(); next !== undefined && copied.files < filesUpTo; next = pending.pop()) {
    const stat = lstatSync(next, { throwIfNoEntry: false });
    const target = join(root, next);
    if (stat === undefined) continue;
    if (stat.isDirectory()) {
      if ((stat.mode & 0o005) !== 0o005) continue;
      mkdirSync(target, { recursive: true, mode: 0o755 });
      pending.push(
        ...readdirSync(next)
          .sort()
          .reverse()
          .map((name) => join(next as string, name)),
      );
    } else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(next), target);
      copied.files++;
    } else if (
      stat.isFile() &&
      (stat.mode & 0o004) !== 0 &&
      stat.size <= fileBytesMax &&
      copied.bytes + stat.size <= bytesMax
    ) {
      copyFileSync(next, target);
      if (process.getuid?.() === 0) lchownSync(target, stat.uid, stat.gid);
      chmodSync(target, stat.mode & 0o7777);
      copied.files++;
      copied.bytes += stat.size;
    }
  }
}

/** A fresh, real Debian. Needs root, debootstrap and a mirror. Errors: USAGE, IO. */
export function debootstrap(root: string): Promise<ImageRoot> {
  if (process.getuid?.() !== 0)
    throw new CodedError('USAGE', '--debootstrap needs root: run as root, or leave it out to copy this machine');
  return new Promise((resolve, reject) => {
    const child = spawn('debootstrap', ['--variant=minbase', '--include=openssh-server', 'stable', root], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', (cause) =>
      reject(new CodedError('USAGE', 'debootstrap is not installed: apt-get install debootstrap', cause)),
    );
    child.once('close', (code) =>
      code === 0
        ? resolve({ root, origin: 'a real Debian, made by debootstrap' })
        : reject(new CodedError('IO', `debootstrap ended with ${code}`)),
    );
  });
}

/** A root that somebody already has. It is read, never written. Errors: USAGE. */
export function givenRoot(root: string): ImageRoot {
  if (!lstatSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new CodedError('USAGE', `--image ${root}: expected a directory`);
  return { root, origin: root };
}
