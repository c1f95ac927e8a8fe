import { CloseCode } from '../../../shared/protocol.ts';
import { someClouds } from '../clouds.ts';
import { attributeOf, digestOfContent, linesOf, type Shape, signedDataOf, typeOf } from '../signed-data.ts';
import { by, odd, type Refusal, type RefusalWorld } from './world.ts';

const { badMessage, unauthorized } = CloseCode;

/** Signed data (CMS) that nobody is let in with. */
export const awsSignedDataRefusals = (world: RefusalWorld): readonly Refusal[] => {
  const shaped = (what: string, reason: RegExp, shape: Partial<Shape>): Refusal => ({
    what: `signed data ${what}`,
    hello: () => by(world.clouds.rsa2048({}, shape)),
    ...{ code: unauthorized, reason },
  });
  const bytes = (what: string, change: (message: Buffer) => Buffer, reason = /expected BER/): Refusal => ({
    what: `signed data ${what}`,
    hello() {
      const document = world.clouds.document();
      const message = change(signedDataOf(document, world.clouds.certificate, { isDefinite: true }));
      return by({ by: 'aws', document, rsa2048: linesOf(message) });
    },
    ...{ code: unauthorized, reason },
  });
  const other = Buffer.from('{"another":"document"}');
  const { contentType, messageDigest, data } = typeOf;

  return [
    shaped('with SHA-1', /a digest of SHA-2/, { digest: 'sha1' }),
    shaped('with MD5', /a digest of SHA-2/, { digest: 'md5' }),
    shaped('with RSA-PSS', /RSA with sha256/, { signatureType: typeOf.rsaPss }),
    shaped('without a signer', /one signer, got 0/, { signers: 0 }),
    shaped('with two signers', /one signer, got 2/, { signers: 2 }),
    shaped('without its content', /content in the message/, { content: null }),
    shaped('of another content, by the digest of the right one', /digest of this content/, { content: other }),
    shaped('of another document', /another document/, {
      content: other,
      attributes: [attributeOf(contentType, data), attributeOf(messageDigest, digestOfContent(other))],
    }),
    shaped('whose content is no data', /content of type/, { contentType: typeOf.signed }),
    shaped('that is enveloped', /content of type/, { messageType: typeOf.enveloped }),
    shaped('without a message digest', /a message digest/, { attributes: [attributeOf(contentType, data)] }),
    shaped('without a content type', /an object identifier/, {
      attributes: [attributeOf(messageDigest, digestOfContent(Buffer.from('any')))],
    }),
    shaped('with two message digests', /attribute 1\.2\.840\.113549\.1\.9\.4 once/, {
      attributes: [
        attributeOf(messageDigest, digestOfContent(other)),
        attributeOf(messageDigest, digestOfContent(other)),
      ],
    }),
    shaped('with a message digest of two values', /attribute 1\.2\.840\.113549\.1\.9\.4 once/, {
      attributes: [attributeOf(messageDigest, digestOfContent(other), digestOfContent(other))],
    }),
    shaped('with attributes of other data', /attributes for data/, {
      attributes: [attributeOf(contentType, typeOf.enveloped), attributeOf(messageDigest, digestOfContent(other))],
    }),
    {
      what: 'signed data of a signer whose certificate is in it, and nowhere else',
      hello: () => by(world.clouds.rsa2048({}, {}, someClouds().certificate)),
      ...{ code: unauthorized, reason: /no certificate/ },
    },
    {
      what: 'signed data by anybody, with the certificate of the cloud in it',
      hello: () =>
        by(world.clouds.rsa2048({}, { certificate: world.clouds.certificate.pem }, someClouds().certificate)),
      ...{ code: unauthorized, reason: /no certificate/ },
    },
    {
      what: 'signed data by an expired certificate',
      hello: () => by(world.clouds.rsa2048({}, {}, world.clouds.expired)),
      ...{ code: unauthorized, reason: /valid now/ },
    },
    {
      what: 'signed data with one bit more in its signature',
      hello() {
        const { rsa2048 = '', ...rest } = world.clouds.rsa2048();
        const message = Buffer.from(rsa2048, 'base64');
        message[message.length - 20]! ^= 1;
        return by({ ...rest, rsa2048: linesOf(message) });
      },
      ...{ code: unauthorized, reason: /no certificate/ },
    },
    {
      what: 'signed data of another account',
      hello: () => by(world.clouds.rsa2048({ accountId: '999999999999' })),
      ...{ code: unauthorized, reason: /account 999999999999/ },
    },
    bytes('that is cut off', (message) => message.subarray(0, -1)),
    bytes('with a byte more', (message) => Buffer.concat([message, Buffer.of(0)])),
    bytes('that is text', () => Buffer.from('not BER')),
    bytes('without an end', () => Buffer.from('3080'.repeat(8), 'hex')),
    bytes('of a length that no machine has', () => Buffer.from('3088ffffffffffffffff', 'hex')),
    bytes('of more blocks than it has bytes for', () => Buffer.from('3084ffffffff0500', 'hex')),
    bytes('that is nested for ever', () => Buffer.from('3080'.repeat(6_000), 'hex')),
    bytes('of thousands of blocks', () => Buffer.from(`3080${'0500'.repeat(6_000)}0000`, 'hex')),
    bytes('of nothing but ends', () => Buffer.alloc(12_000)),
    {
      what: 'huge signed data',
      hello: () => odd({ ...world.clouds.rsa2048(), rsa2048: 'A'.repeat(16_385) }),
      ...{ code: badMessage, reason: /enrolment/ },
    },
    {
      what: 'signed data that is not base64',
      hello: () => odd({ ...world.clouds.rsa2048(), rsa2048: '<>' }),
      ...{ code: badMessage, reason: /enrolment/ },
    },
    {
      what: 'a document signed in two ways, of which one is good',
      hello: () => odd({ ...world.clouds.aws(), rsa2048: 'AAAA' }),
      ...{ code: badMessage, reason: /enrolment/ },
    },
    {
      what: 'a document that nothing signs',
      hello: () => odd({ by: 'aws', document: world.clouds.document() }),
      ...{ code: badMessage, reason: /enrolment/ },
    },
  ];
};
