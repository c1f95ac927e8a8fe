import { execFileSync, spawnSync } from 'node:child_process';
import { verify, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSignedData } from '../../../../server/intake/enrolment/signed-data.ts';
import { rsaCertificate } from '../../../support/certificates.ts';
import { aDirectory } from '../../../support/database.ts';
import { signedDataOf } from '../../../support/signed-data.ts';

const text = '{\n  "instanceId" : "i-0123456789abcdef0"\n}';
const signer = rsaCertificate();
const { publicKey } = new X509Certificate(signer.pem);

/** What the message says, if the signer has signed that. */
function verified(message: Buffer): string | undefined {
  const { content, algorithm, signed, signature } = readSignedData(message);
  return verify(algorithm, signed, publicKey, signature) ? content.toString() : undefined;
}

describe('signed data', () => {
  it.each([
    ['as AWS writes it, of indefinite lengths', {}],
    ['in DER', { isDefinite: true }],
    ['without signed attributes', { hasAttributes: false }],
    ['by SHA-512', { digest: 'sha512' as const }],
  ])('is read %s', (_what, shape) => {
    expect(verified(signedDataOf(text, signer, shape))).toBe(text);
  });

  it('never says anything else than what was signed, whichever byte of it is another', () => {
    const message = signedDataOf(text, signer);

    const said = Array.from(message.keys(), (at) => {
      const altered = Buffer.from(message);
      altered[at]! ^= 0x04;
      try {
        return verified(altered);
      } catch (error) {
        expect(error).toMatchObject({ code: 'FORBIDDEN' });
        return undefined;
      }
    });

    // What stands in certificates and versions is not looked at.
    expect(new Set(said)).toEqual(new Set([undefined, text]));
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** What another program makes and calls good. */
describe.skipIf(!hasOpenssl)('what openssl signs', () => {
  const folder = aDirectory();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('text'), text);
  const writeSigner = ({ pem, key }: typeof signer, certificate: string, keyFile: string) => {
    writeFileSync(at(certificate), pem);
    writeFileSync(at(keyFile), key.export({ type: 'pkcs8', format: 'pem' }));
  };
  writeSigner(signer, 'signer.pem', 'key.pem');
  writeSigner(rsaCertificate(), 'other.pem', 'other-key.pem');
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const signedBy = (...args: readonly string[]) => {
    const about = ['-in', 'text', '-signer', 'signer.pem', '-inkey', 'key.pem', '-outform', 'DER', '-out', 'message'];
    openssl('cms', '-sign', '-binary', ...about, ...args);
    return readFileSync(at('message'));
  };

  it.each([[[]], [['-stream']], [['-noattr']], [['-nocerts']], [['-md', 'sha384']], [['-md', 'sha512', '-stream']]])(
    'is read (%j)',
    (args) => {
      expect(verified(signedBy('-nodetach', ...args))).toBe(text);
    },
  );

  it.each([
    [['-nodetach', '-md', 'sha1'], /a digest of SHA-2/],
    [['-nodetach', '-md', 'md5'], /a digest of SHA-2/],
    [['-nodetach', '-keyopt', 'rsa_padding_mode:pss'], /RSA with sha256/],
    [['-nodetach', '-signer', 'other.pem', '-inkey', 'other-key.pem'], /one signer, got 2/],
    [[], /content in the message/],
  ])('is refused (%j)', (args, reason) => {
    const message = signedBy(...args);

    expect(() => readSignedData(message)).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', message: expect.stringMatching(reason) }),
    );
  });

  it('is what our own messages are like', () => {
    writeFileSync(at('message'), signedDataOf(text, signer));

    const args = ['-in', 'message', '-inform', 'DER', '-certfile', 'signer.pem', '-noverify', '-binary'];
    expect(openssl('cms', '-verify', ...args).toString()).toBe(text);
  });
});
