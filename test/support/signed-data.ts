import { createHash, sign } from 'node:crypto';
import { fromBER, type Sequence } from 'asn1js';
import type { rsaCertificate } from './certificates.ts';
import { objectId, sequence, tagged } from './der.ts';

/** What differs from what AWS makes. */
export interface Shape {
  readonly digest: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** RFC 5652 §5.4: what is signed is the content then. */
  readonly hasAttributes: boolean;
  /** In place of those of the content. */
  readonly attributes: readonly Buffer[];
  /** Null for a detached signature. */
  readonly content: Buffer | null;
  readonly contentType: Buffer;
  readonly messageType: Buffer;
  readonly signatureType: Buffer;
  readonly signers: number;
  /** Of DER: AWS writes BER, with lengths that are told by an end. */
  readonly isDefinite: boolean;
  readonly certificate: string;
}

const pkcs7 = (...last: readonly number[]) => objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, ...last);
const pkcs9 = (...last: readonly number[]) => objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, ...last);
const sha2 = (last: number) => objectId(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last);
const nothing = tagged(0x05, Buffer.alloc(0));

export const typeOf = {
  ...{ data: pkcs7(1), signed: pkcs7(2), enveloped: pkcs7(3) },
  rsa: objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01),
  rsaPss: objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a),
  ...{ contentType: pkcs9(3), messageDigest: pkcs9(4) },
  md5: objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05),
  sha1: objectId(0x2b, 0x0e, 0x03, 0x02, 0x1a),
  ...{ sha256: sha2(1), sha384: sha2(2), sha512: sha2(3) },
};

export const attributeOf = (type: Buffer, ...values: readonly Buffer[]) =>
  sequence(type, tagged(0x31, Buffer.concat(values)));

export const digestOfContent = (content: Buffer, digest: Shape['digest'] = 'sha256') =>
  tagged(0x04, createHash(digest).update(content).digest());

/** A CMS SignedData (RFC 5652) of a text, as `/latest/dynamic/instance-identity/rsa2048` has it, or otherwise. */
export function signedDataOf(
  text: string,
  signer: ReturnType<typeof rsaCertificate>,
  overrides: Partial<Shape> = {},
): Buffer {
  const signed = Buffer.from(text);
  const shape: Shape = {
    ...{ digest: 'sha256', hasAttributes: true, content: signed, contentType: typeOf.data, messageType: typeOf.signed },
    attributes: [
      attributeOf(typeOf.contentType, overrides.contentType ?? typeOf.data),
      attributeOf(typeOf.messageDigest, digestOfContent(signed, overrides.digest)),
    ],
    ...{ signatureType: typeOf.rsa, signers: 1, isDefinite: false, certificate: signer.pem },
    ...overrides,
  };
  const wrap = shape.isDefinite ? tagged : unended;
  const digestAlgorithm = sequence(typeOf[shape.digest], nothing);
  const attributes = Buffer.concat(shape.attributes);
  const signature = sign(shape.digest, shape.hasAttributes ? tagged(0x31, attributes) : signed, signer.key);
  const signerInfo = sequence(
    ...[tagged(0x02, Buffer.of(1)), signerOf(signer.pem), digestAlgorithm],
    ...(shape.hasAttributes ? [tagged(0xa0, attributes)] : []),
    ...[sequence(shape.signatureType, nothing), tagged(0x04, signature)],
  );
  const content =
    shape.content && (shape.isDefinite ? tagged(0x04, shape.content) : unended(0x24, tagged(0x04, shape.content)));
  const signedData = [
    tagged(0x02, Buffer.of(3)),
    tagged(0x31, digestAlgorithm),
    wrap(0x30, shape.contentType, ...(content === null ? [] : [wrap(0xa0, content)])),
    wrap(0xa0, bytesOf(shape.certificate)),
    tagged(0x31, Buffer.concat(Array<Buffer>(shape.signers).fill(signerInfo))),
  ];
  return wrap(0x30, shape.messageType, wrap(0xa0, wrap(0x30, ...signedData)));
}

function bytesOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-.*-/g, ''), 'base64');
}

/** IssuerAndSerialNumber. */
function signerOf(pem: string): Buffer {
  const [toSign] = (fromBER(bytesOf(pem)).result as Sequence).valueBlock.value;
  const [, serial, , issuer] = (toSign as Sequence).valueBlock.value;
  return sequence(Buffer.from(issuer!.valueBeforeDecodeView), Buffer.from(serial!.valueBeforeDecodeView));
}

/** Of indefinite length: its end is said by two zeros. */
function unended(tag: number, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.alloc(2)]);
}

/** As the metadata service gives it. */
export function linesOf(message: Buffer): string {
  return (message.toString('base64').match(/.{1,76}/g) ?? []).join('\n');
}
