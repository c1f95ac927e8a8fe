import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { makeDirectory } from './make-directory.ts';

/** What one server keeps on disk. Made at the first start; readable by its user only. */
export interface DataDirectory {
  readonly path: string;
  readonly database: string;
  readonly lock: string;
  /** The entries of pushed images. */
  readonly entries: string;
  /** What a look compares with while it is made. */
  readonly looks: string;
  /** The private key that signs proofs. */
  readonly serverKey: string;
  /** Holds the URL of the running server, for scripts that let it choose its port. */
  readonly listening: string;
  /** The token itself is read with `readAdminToken`, under the lock. */
  readonly adminToken: string;
}

const tokenFormat = /^[\x21-\x7e]{16,512}$/;

/** Errors: CONFIG. */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  const database = join(path, 'pristine.db');
  try {
    makeDirectory(path, 0o700);
    // SQLite would make it readable for everyone, and its journals take after it.
    await (await open(database, 'a', 0o600)).close();
  } catch (cause) {
    throw new CodedError('CONFIG', `expected a data directory that can be written to: ${sentenceOf(cause)}`, cause);
  }
  return {
    path,
    database,
    lock: join(path, 'lock.db'),
    entries: join(path, 'entries'),
    looks: join(path, 'looks'),
    serverKey: join(path, 'server.key'),
    listening: join(path, 'listening'),
    adminToken: join(path, 'admin.token'),
  };
}

/** Made at the first start. Errors: CONFIG for one that nobody could send. */
export async function readAdminToken(file: string): Promise<string> {
  await writeOnce(file, `pat_${randomBytes(32).toString('base64url')}\n`);
  const token = (await readFile(file, 'utf8')).trim();
  if (!tokenFormat.test(token)) {
    throw new CodedError(
      'CONFIG',
      `${file}: expected one line of 16 to 512 printable characters; remove it to get a new one`,
    );
  }
  return token;
}

/** Says where the server listens, whole or not at all: scripts wait for this file and read it at once. Errors: IO. */
export async function writeListening(file: string, url: string): Promise<void> {
  try {
    await writeFile(`${file}.tmp`, `${url}\n`);
    await rename(`${file}.tmp`, file);
  } catch (cause) {
    throw new CodedError('IO', `could not write ${file}: ${sentenceOf(cause)}`, cause);
  }
}

/**
 * A secret that must survive the moment it is made, and must never be made twice: whole on disk under another name first,
 * then linked to its own, which fails where one stands already. Answers whether this call made it. Errors: IO.
 */
export async function writeOnce(file: string, text: string): Promise<boolean> {
  if (await exists(file)) return false;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, text);
    await link(draft, file);
    await syncDirectory(join(file, '..'));
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new CodedError('IO', `could not write ${file}: ${sentenceOf(cause)}`, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
