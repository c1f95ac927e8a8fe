import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bitString, objectId, sequence, tagged } from './der.ts';

/** Makes certificates (X.509 v3, RFC 5280) as a CA would, wrong ones too. Ed25519 (RFC 8410), or RSA where a cloud has it. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  issue(options?: IssueOptions): Issued;
}

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const dayMs = 24 * 3_600_000;

export function anAuthority(name = 'Test CA'): Authority {
  const own = generateKeyPairSync('ed25519');
  const sealed = (subject: string, publicKey: KeyObject, validity: readonly [Date, Date], extensions: Buffer) =>
    pem(
      'CERTIFICATE',
      certificateOf({ issuer: name, subject, publicKey, validity, extensions, signedBy: own.privateKey }),
    );
  return {
    certificate: sealed(name, own.publicKey, around(), sequence(basicConstraints)),
    issue: ({
      names = ['localhost'],
      addresses = ['127.0.0.1'],
      notBefore = around()[0],
      notAfter = around()[1],
    } = {}) => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const extensions = sequence(alternativeNames(names, addresses));
      return {
        certificate: sealed('server', publicKey, [notBefore, notAfter], extensions),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

/** Signed by nobody but itself. */
export function selfSigned(): Issued {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const extensions = sequence(alternativeNames(['localhost'], ['127.0.0.1']));
  const validity = around();
  const der = certificateOf({
    ...{ issuer: 'server', subject: 'server', publicKey, validity, extensions, signedBy: privateKey },
  });
  return { certificate: pem('CERTIFICATE', der), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

/** As clouds sign documents with: RSA, signed by itself, from two days ago for as long as said from now. */
export function rsaCertificate({ validMs = dayMs, bits = 2_048, now = Date.now() } = {}): {
  readonly pem: string;
  readonly key: KeyObject;
} {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const validity = [new Date(now - 2 * dayMs), new Date(now + validMs)] as const;
  const der = certificateOf({
    ...{ issuer: 'cloud', subject: 'cloud', publicKey, validity, signedBy: privateKey },
    extensions: sequence(basicConstraints),
  });
  return { pem: pem('CERTIFICATE', der), key: privateKey };
}

/** From yesterday to in a month. */
function around(): readonly [Date, Date] {
  return [new Date(Date.now() - dayMs), new Date(Date.now() + 30 * dayMs)];
}

function certificateOf(given: {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validity: readonly [Date, Date];
  readonly extensions: Buffer;
  readonly signedBy: KeyObject;
}): Buffer {
  const isRsa = given.signedBy.asymmetricKeyType === 'rsa';
  const algorithm = isRsa ? rsaWithSha256 : ed25519;
  const toSign = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    nameOf(given.issuer),
    sequence(...given.validity.map(generalizedTime)),
    nameOf(given.subject),
    given.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, given.extensions),
  );
  const signature = sign(isRsa ? 'RSA-SHA256' : null, toSign, given.signedBy);
  return sequence(toSign, algorithm, bitString(signature));
}

const ed25519 = sequence(objectId(0x2b, 0x65, 0x70));
const rsaWithSha256 = sequence(
  objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b),
  tagged(0x05, Buffer.alloc(0)),
);
const commonName = objectId(0x55, 0x04, 0x03);
const basicConstraints = sequence(
  objectId(0x55, 0x1d, 0x13),
  tagged(0x01, Buffer.of(0xff)),
  tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff)))),
);

function alternativeNames(names: readonly string[], addresses: readonly string[]): Buffer {
  const all = [
    ...names.map((name) => tagged(0x82, Buffer.from(name))),
    ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
  ];
  return sequence(objectId(0x55, 0x1d, 0x11), tagged(0x04, sequence(...all)));
}

function nameOf(text: string): Buffer {
  return sequence(tagged(0x31, sequence(commonName, tagged(0x0c, Buffer.from(text)))));
}

function generalizedTime(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
