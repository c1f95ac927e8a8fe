import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { digestOf } from './digest.ts';
import { CodedError } from './errors.ts';

/**
 * DSSE v1 (secure-systems-lab/dsse, protocol.md and envelope.md), Ed25519 only.
 * Unknown members are tolerated as the specification asks; what is signed is only payload and payloadType.
 */
export const Envelope = z
  .object({
    payload: z.string(),
    payloadType: z.string(),
    signatures: z.array(z.object({ keyid: z.string().optional(), sig: z.string() })).max(16),
  })
  .meta({ id: 'Envelope', description: 'DSSE v1' });
export type Envelope = z.infer<typeof Envelope>;

export const inTotoPayloadType = 'application/vnd.in-toto+json';

/** Pre-authentication encoding. The lengths are of bytes, so that type and body cannot trade places. */
export function pae(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

export function unsignedEnvelope(payload: Buffer, payloadType: string = inTotoPayloadType): Envelope {
  return { payload: payload.toString('base64'), payloadType, signatures: [] };
}

/** The envelope with one more signature; a signature of the same key is replaced. */
export function signEnvelope(envelope: Envelope, key: KeyObject): Envelope {
  const sig = sign(null, pae(envelope.payloadType, decodeBase64(envelope.payload)), key).toString('base64');
  const keyid = keyId(createPublicKey(key));
  return { ...envelope, signatures: [...envelope.signatures.filter((other) => other.keyid !== keyid), { keyid, sig }] };
}

/**
 * The payload bytes, once `threshold` distinct public keys have signed them.
 * The keyid is an unauthenticated hint and decides nothing: each signature is tried against each key, and keys are
 * counted by their bytes, so that one key under two names counts once.
 * Errors: UNSIGNED, SIGNATURE, ENVELOPE.
 */
export function verifyEnvelope(envelope: Envelope, keys: readonly KeyObject[], threshold = 1): Buffer {
  if (envelope.signatures.length === 0)
    throw new CodedError('UNSIGNED', 'expected a signature, got none: run `pristine sign`');
  const payload = decodeBase64(envelope.payload);
  const message = pae(envelope.payloadType, payload);
  const distinct = new Map(keys.map((key) => [keyId(key), key]));
  const good = [...distinct.values()].filter((key) =>
    envelope.signatures.some(({ sig }) => verify(null, message, key, decodeBase64(sig))),
  );
  if (distinct.size === 0) {
    throw new CodedError('SIGNATURE', 'no key is trusted yet: `pristinectl keys trust FILE.pub`');
  }
  if (good.length < Math.max(1, threshold)) {
    throw new CodedError(
      'SIGNATURE',
      `expected ${threshold} good signature(s) of ${distinct.size} trusted key(s), got ${good.length}: changed since it was signed, or signed with another key`,
    );
  }
  return payload;
}

/** Reads an envelope from JSON bytes. Errors: ENVELOPE. */
export function parseEnvelope(bytes: Buffer | string): Envelope {
  try {
    return Envelope.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw new CodedError('ENVELOPE', 'expected a DSSE envelope in JSON', cause);
  }
}

/** A stable name for a public key: the digest of its SPKI bytes. */
export function keyId(key: KeyObject): string {
  return digestOf(key.export({ type: 'spki', format: 'der' }));
}

/** Ed25519 public keys of a PEM text, one or more blocks. Errors: KEY. */
export function parsePublicKeys(pem: string): readonly KeyObject[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0)
    throw new CodedError('KEY', 'expected a public key (SPKI PEM), got none: it is the .pub of `pristine keygen`');
  return blocks.map((block) => ed25519(() => createPublicKey(block), 'public'));
}

/** An Ed25519 private key (PKCS#8 PEM). Errors: KEY. */
export function parsePrivateKey(pem: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), 'private');
}

function ed25519(read: () => KeyObject, kind: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new CodedError('KEY', `expected an Ed25519 ${kind} key in PEM, and could not read it`, cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new CodedError('KEY', `expected an Ed25519 ${kind} key, got ${key.asymmetricKeyType}`);
  }
  return key;
}

/**
 * Verifiers accept standard and URL-safe base64 (envelope.md). Anything else is refused, not skipped over as Node would:
 * foreign characters, missing padding, and spare bits that are not zero, which would give one payload many spellings.
 */
function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const isCanonical = bytes.toString('base64') === text.replaceAll('-', '+').replaceAll('_', '/');
  if (!isCanonical) throw new CodedError('ENVELOPE', 'expected canonical base64 with padding');
  return bytes;
}

/** The bytes of an envelope as `bake` and `sign` write it. In a manifest directory it has no other spelling. */
export function writeEnvelope({ payload, payloadType, signatures }: Envelope): string {
  return `${JSON.stringify({ payload, payloadType, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) })}\n`;
}
