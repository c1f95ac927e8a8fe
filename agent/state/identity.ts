import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePrivateKey } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { helloBytes } from '../../shared/protocol.ts';
import { isErrno, syncDirectory, writeTemporary } from './durable-file.ts';

/** Who this instance is to the server: an Ed25519 key that never leaves the state directory. */
export interface Identity {
  /** SPKI PEM. */
  readonly publicKey: string;
  /** Base64, over the server's nonce. */
  signHello(nonce: string): string;
}

/**
 * Reads `identity.key`, or makes it at the first start. It is linked into place, so that of two first starts one makes
 * the key and both read the same. Errors: KEY, IO.
 */
export async function loadIdentity(stateDir: string): Promise<Identity> {
  const path = join(stateDir, 'identity.key');
  try {
    return identityOf(parsePrivateKey((await readKey(path)) ?? (await makeKey(stateDir, path))));
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

function identityOf(key: KeyObject): Identity {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  return {
    publicKey,
    signHello: (nonce) => sign(null, helloBytes(nonce, publicKey), key).toString('base64'),
  };
}
