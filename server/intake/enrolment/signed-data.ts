import { hash } from 'node:crypto';
import { type BaseBlock, Constructed, fromBER, ObjectIdentifier, OctetString, Sequence, Set as SetOf } from 'asn1js';
import { CodedError } from '../../../shared/errors.ts';

/** What a message says, and what has to be verified before it is believed. */
export interface SignedData {
  readonly content: Buffer;
  /** For `verify` of `node:crypto`, RSASSA-PKCS1-v1_5. */
  readonly algorithm: 'RSA-SHA256' | 'RSA-SHA384' | 'RSA-SHA512';
  /** Over which the signature is: the content, or the signed attributes, which name its digest. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Enough for a signer and a certificate, which have a hundred; and with it a millisecond. */
const blocksMax = 600;
const depthMax = 16;

const oid = { data: '1.2.840.113549.1.7.1', signedData: '1.2.840.113549.1.7.2' } as const;
const attribute = { contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4' } as const;
const digests: ReadonlyMap<string, 'sha256' | 'sha384' | 'sha512'> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
const algorithms = { sha256: 'RSA-SHA256', sha384: 'RSA-SHA384', sha512: 'RSA-SHA512' } as const;
/** `rsaEncryption`, and what names the digest too. */
const signatures = {
  sha256: ['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.11'],
  sha384: ['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.12'],
  sha512: ['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.13'],
} as const;

/**
 * Reads a CMS SignedData (RFC 5652 §5) with its content in it and one signer, RSA with SHA-2. AWS writes BER with indefinite
 * lengths, so these are read, too. Certificates in the message and who it says has signed are not looked at: the caller
 * verifies with keys of its own. Errors: FORBIDDEN.
 */
export function readSignedData(message: Buffer): SignedData {
  const [, , encapsulated, ...more] = partsOf(contentOf(blockOf(message), oid.signedData), Sequence, 'SignedData');
  const signers = partsOf(more.at(-1), SetOf, 'signerInfos');
  if (signers.length !== 1) refuse(`one signer, got ${signers.length}`);
  const content = octetsOf(contentOf(encapsulated, oid.data), 'content');

  const [, , digestAlgorithm, ...fields] = partsOf(signers[0], Sequence, 'SignerInfo');
  const digestName = identifierOf(partsOf(digestAlgorithm, Sequence, 'a digest algorithm')[0]);
  const digest = digests.get(digestName) ?? refuse(`a digest of SHA-2, got ${digestName}`);
  const attributes = isTagged(fields[0], 0) ? fields.shift() : undefined;
  const [signatureAlgorithm, signature] = fields;
  const signatureName = identifierOf(partsOf(signatureAlgorithm, Sequence, 'a signature algorithm')[0]);
  if (!signatures[digest].some((name) => name === signatureName)) refuse(`RSA with ${digest}, got ${signatureName}`);
  return {
    content,
    algorithm: algorithms[digest],
    signed: attributes === undefined ? content : signedAttributesOf(attributes, hash(digest, content, 'buffer')),
    signature: octetsOf(signature, 'a signature'),
  };
}

function blockOf(message: Buffer): BaseBlock {
  const limits = { maxDepth: depthMax, maxNodes: blocksMax, maxContentLength: message.length, parseEmbedded: false };
  try {
    const { offset, result } = fromBER(message, limits);
    if (offset !== message.length) refuse(`BER, and nothing after it: ${result.error || `${offset} bytes are`}`);
    return result;
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('FORBIDDEN', 'the signed data: expected BER', cause);
  }
}

/** Of a ContentInfo or an EncapsulatedContentInfo: `{type, [0] EXPLICIT content}`. */
function contentOf(info: BaseBlock | undefined, type: string): BaseBlock | undefined {
  const [name, tagged] = partsOf(info, Sequence, 'a content');
  if (identifierOf(name) !== type) refuse(`content of type ${type}, got ${identifierOf(name)}`);
  if (!isTagged(tagged, 0)) refuse('the content in the message');
  return partsOf(tagged, Constructed, 'a content')[0];
}

/**
 * The bytes that are signed: what stands in the message, tagged as the SET OF that it is (RFC 5652 §5.4). They have to be DER
 * already (§5.3): other bytes do not verify. Each attribute is there once, with one value.
 */
function signedAttributesOf(attributes: BaseBlock, digest: Buffer): Buffer {
  const values = new Map<string, BaseBlock>();
  for (const one of partsOf(attributes, Constructed, 'signed attributes')) {
    const [name, set, ...more] = partsOf(one, Sequence, 'an attribute');
    const [value, ...others] = partsOf(set, SetOf, 'the values of an attribute');
    const type = identifierOf(name);
    if (value === undefined || more.length + others.length > 0 || values.has(type)) refuse(`attribute ${type} once`);
    values.set(type, value);
  }
  if (identifierOf(values.get(attribute.contentType)) !== oid.data) refuse('signed attributes for data');
  if (!octetsOf(values.get(attribute.messageDigest), 'a message digest').equals(digest))
    refuse('the digest of this content among the signed attributes');
  const bytes = Buffer.from(attributes.valueBeforeDecodeView);
  bytes[0] = 0x31;
  return bytes;
}

function partsOf(
  block: BaseBlock | undefined,
  type: typeof Constructed | typeof Sequence | typeof SetOf,
  what: string,
): BaseBlock[] {
  return block instanceof type ? [...block.valueBlock.value] : refuse(what);
}

function isTagged(block: BaseBlock | undefined, number: number): boolean {
  return block?.idBlock.tagClass === 3 && block.idBlock.tagNumber === number;
}

function identifierOf(block: BaseBlock | undefined): string {
  return block instanceof ObjectIdentifier ? block.getValue() : refuse('an object identifier');
}

/** In one piece, or in several, none of which is in pieces itself. */
function octetsOf(block: BaseBlock | undefined, what: string): Buffer {
  if (!(block instanceof OctetString)) return refuse(what);
  if (!block.idBlock.isConstructed) return Buffer.from(block.valueBlock.valueHexView);
  return Buffer.concat(
    block.valueBlock.value.map((piece) => (isPiece(piece) ? piece.valueBlock.valueHexView : refuse(what))),
  );
}

function isPiece(block: BaseBlock): block is OctetString {
  return block instanceof OctetString && !block.idBlock.isConstructed;
}

function refuse(expected: string): never {
  throw new CodedError('FORBIDDEN', `the signed data: expected ${expected}`);
}
