import { hash, X509Certificate } from 'node:crypto';
import type { RawName } from '../../../shared/name.ts';

const labels = ['CERTIFICATE-----', 'X509 CERTIFICATE-----', 'TRUSTED CERTIFICATE-----'];

/**
 * The DER forms in a file: of each certificate block of PEM (RFC 7468), whatever stands between them, or the file itself
 * where it is one. A block that holds no certificate is given too.
 */
export function certificatesIn(bytes: Buffer): readonly Buffer[] {
  if (bytes[0] === sequenceTag && describeCertificate(derOf(bytes)) !== undefined) return [derOf(bytes)];
  const [, ...blocks] = bytes.toString('latin1').split('-----BEGIN ');
  return blocks
    .map((block) => {
      const label = labels.find((one) => block.startsWith(one));
      if (label === undefined) return Buffer.alloc(0);
      const end = block.indexOf('-----END', label.length);
      return derOf(Buffer.from(block.slice(label.length, end === -1 ? undefined : end), 'base64'));
    })
    .filter((der) => der.length > 0);
}

export function fingerprintOfDer(der: Buffer): string {
  return `SHA256:${hash('sha256', der, 'hex')}`;
}

/** Undefined where it is not understood. */
export function describeCertificate(
  der: Buffer,
): { readonly subjectName: RawName; readonly notAfter: string } | undefined {
  try {
    const certificate = new X509Certificate(der);
    // OpenSSL gives UTF-8 with line breaks between the parts, and escapes those inside them.
    const subjectName = Buffer.from(certificate.subject ?? '', 'utf8')
      .toString('latin1')
      .replaceAll('\n', ', ');
    return { subjectName, notAfter: certificate.validToDate.toISOString() };
  } catch {
    return undefined;
  }
}

const sequenceTag = 0x30;

/** The certificate alone: OpenSSL's trusted form has its settings behind it. By the length of the outer SEQUENCE (X.690). */
function derOf(bytes: Buffer): Buffer {
  const first = bytes[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (bytes[0] !== sequenceTag || lengthBytes > 4 || bytes.length < 2 + lengthBytes) return bytes;
  const length = lengthBytes === 0 ? first & 0x7f : bytes.readUIntBE(2, lengthBytes);
  return bytes.subarray(0, 2 + lengthBytes + length);
}
