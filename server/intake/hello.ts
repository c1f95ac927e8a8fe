import { type KeyObject, verify } from 'node:crypto';
import type { z } from 'zod';
import { keyId, parsePublicKeys } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { type Hello, helloBytes } from '../../shared/protocol.ts';

export type HelloMessage = z.infer<typeof Hello>;

export interface ProvenHello extends HelloMessage {
  /** The identity: everything else in a hello is a claim. */
  readonly keyId: string;
}

/**
 * The hello of whoever holds the private key: its signature is over the nonce that this connection, and no other, was
 * given. Errors: FORBIDDEN.
 */
export function proveHello(hello: HelloMessage, nonce: string): ProvenHello {
  const key = onlyKey(hello.publicKey);
  const signature = Buffer.from(hello.signature, 'base64');
  if (!verify(null, helloBytes(nonce, hello.publicKey), key, signature)) {
    throw new CodedError('FORBIDDEN', 'the signature is not of this nonce by this key');
  }
  return { ...hello, keyId: keyId(key) };
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
