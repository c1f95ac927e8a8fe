import { type KeyObject, verify } from 'node:crypto';
import type { z } from 'zod';
import { keyId, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { type Hello, helloBytes, nextKeyBytes } from '../../shared/protocol.ts';

export type HelloMessage = z.infer<typeof Hello>;

export interface ProvenHello extends HelloMessage {
  /** The identity: everything else in a hello is a claim. */
  readonly keyId: string;
  /** Takes the place of `keyId` with the welcome. Both have signed, so that both are of one owner. */
  readonly nextKey?: { readonly keyId: string; readonly publicKey: string };
}

/**
 * The hello of whoever holds the private key: its signature is over the nonce that this connection, and no other, was
 * given. Errors: FORBIDDEN.
 */
export function proveHello(hello: HelloMessage, nonce: string): ProvenHello {
  const key = onlyKey(hello.publicKey);
  const { publicKey, next } = hello;
  if (!isSigned(helloBytes(nonce, publicKey, next?.publicKey), key, hello.signature)) {
    throw new CodedError('FORBIDDEN', 'the signature is not of this nonce by this key');
  }
  if (next === undefined) return { ...hello, keyId: keyId(key) };
  const nextKey = onlyKey(next.publicKey);
  if (!isSigned(nextKeyBytes(nonce, publicKey), nextKey, next.signature)) {
    throw new CodedError('FORBIDDEN', 'the next key has not signed for this one');
  }
  return { ...hello, keyId: keyId(key), nextKey: { keyId: keyId(nextKey), publicKey: next.publicKey } };
}

function isSigned(bytes: Buffer, key: KeyObject, signature: string): boolean {
  return verify(null, bytes, key, Buffer.from(signature, 'base64'));
}

function onlyKey(pem: string): KeyObject {
  try {
    const [key, ...more] = parsePublicKeys(pem);
    if (key !== undefined && more.length === 0) return key;
  } catch (cause) {
    throw new CodedError('FORBIDDEN', 'expected an Ed25519 public key in PEM', cause);
  }
  throw new CodedError('FORBIDDEN', 'expected one public key');
}
