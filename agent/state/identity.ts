import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePrivateKey } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { helloBytes, nextKeyBytes } from '../../shared/protocol.ts';
import { isErrno, syncDirectory, writeTemporary } from './durable-file.ts';

/** What proves to the server who this instance is: an Ed25519 key that never leaves the state directory. */
export interface Identity {
  /** For one connection, over the server's nonce. */
  prove(nonce: string): Proof;
  /** Makes the key that takes the place of this one with the next welcome. One that is there already does. Errors: IO, KEY. */
  prepareNext(): Promise<void>;
  /** The server knows us by what was proven last. Errors: IO. */
  welcomed(): Promise<void>;
  /**
   * The server does not know the key. When a welcome got lost, it knows us by the next one already: then that one speaks
   * alone, and after another refusal both again. Returns whether there is anything else to try.
   */
  refused(): boolean;
}

/** The part of a hello that says who speaks. */
export interface Proof {
  /** SPKI PEM. */
  readonly publicKey: string;
  /** Base64. */
  readonly signature: string;
  readonly next?: { readonly publicKey: string; readonly signature: string };
}

const keyName = 'identity.key';
/** While it is there, it is not certain which of the two the server knows. */
export const nextKeyName = 'identity.next.key';

/**
 * Reads `identity.key`, or makes it at the first start. It is linked into place, so that of two first starts one makes
 * the key and both read the same. Errors: KEY, IO.
 */
export async function loadIdentity(stateDir: string): Promise<Identity> {
  let current = await openKey(stateDir, keyName, 'or make');
  let next = await openKey(stateDir, nextKeyName, 'if there');
  let isNextAlone = false;

  return {
    prove(nonce) {
      if (next !== undefined && isNextAlone) return proofOf(next, nonce);
      return proofOf(current, nonce, next);
    },
    async prepareNext() {
      next ??= await openKey(stateDir, nextKeyName, 'or make');
    },
    async welcomed() {
      if (next === undefined) return;
      await rename(join(stateDir, nextKeyName), join(stateDir, keyName));
      await syncDirectory(stateDir);
      current = next;
      next = undefined;
      isNextAlone = false;
    },
    refused() {
      isNextAlone = next !== undefined && !isNextAlone;
      return next !== undefined;
    },
  };
}

function proofOf(key: Key, nonce: string, next?: Key): Proof {
  const { publicKey } = key;
  if (next === undefined) return { publicKey, signature: key.sign(helloBytes(nonce, publicKey)) };
  return {
    publicKey,
    signature: key.sign(helloBytes(nonce, publicKey, next.publicKey)),
    next: { publicKey: next.publicKey, signature: next.sign(nextKeyBytes(nonce, publicKey)) },
  };
}

interface Key {
  readonly publicKey: string;
  sign(bytes: Buffer): string;
}

async function openKey(stateDir: string, name: string, how: 'or make'): Promise<Key>;
async function openKey(stateDir: string, name: string, how: 'if there'): Promise<Key | undefined>;
async function openKey(stateDir: string, name: string, how: 'or make' | 'if there'): Promise<Key | undefined> {
  const path = join(stateDir, name);
  const pem = (await readKey(path)) ?? (how === 'or make' ? await makeKey(stateDir, path) : undefined);
  if (pem === undefined) return undefined;
  try {
    return keyOf(parsePrivateKey(pem));
  } catch (cause) {
    if (cause instanceof CodedError && cause.code === 'KEY') {
      throw new CodedError(
        'KEY',
        `${path}: ${cause.message}. With the file removed, the agent makes a new key and must be enrolled again`,
        cause,
      );
    }
    throw cause;
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function makeKey(stateDir: string, path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const temporary = await writeTemporary(stateDir, pem, { mode: 0o600, sync: true });
  try {
    await link(temporary, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(stateDir);
  return await readFile(path, 'utf8');
}

function keyOf(key: KeyObject): Key {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  return { publicKey, sign: (bytes) => sign(null, bytes, key).toString('base64') };
}
