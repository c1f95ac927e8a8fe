import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { caCertificates, parseChosen } from '../../../../agent/collect/facts/ca-certificates.ts';
import { certificatesIn, describeCertificate, fingerprintOfDer } from '../../../../agent/collect/facts/certificates.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

interface Made {
  readonly pem: string;
  readonly der: Buffer;
  readonly name: string;
}

/** Real certificates, made by openssl. */
function make(subject: string): Made {
  const dir = mkdtempSync(join(tmpdir(), 'pristine-ca-'));
  try {
    const [key, out] = [join(dir, 'key'), join(dir, 'out')];
    const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '3650', '-utf8', '-subj', subject];
    execFileSync('openssl', [...args, '-keyout', key, '-out', out], { stdio: 'ignore' });
    const pem = readFileSync(out, 'latin1');
    const der = new X509Certificate(pem).raw;
    return { pem, der, name: fingerprintOfDer(der) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('certificates', () => {
  let a: Made;
  let b: Made;
  beforeAll(() => {
    a = make('/C=DE/O=A, Inc./CN=à\n');
    b = make('/CN=b');
  });

  it('stand in PEM between anything, or are the file', () => {
    const text = `\xff\0text\r\n${a.pem.replaceAll('\n', '\r\n')}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${b.pem.trimEnd()}`;

    expect(certificatesIn(Buffer.from(text, 'latin1')).map(fingerprintOfDer)).toEqual([a.name, b.name]);
    expect(certificatesIn(a.der).map(fingerprintOfDer)).toEqual([a.name]);
  });

  it('are themselves in the trusted form of OpenSSL, without its settings', () => {
    const trusted = Buffer.concat([a.der, Buffer.from('300a0a0830060c0461626364', 'hex')]).toString('base64');
    const text = `-----BEGIN TRUSTED CERTIFICATE-----\n${trusted}\n-----END TRUSTED CERTIFICATE-----\n`;

    expect(certificatesIn(Buffer.from(text)).map(fingerprintOfDer)).toEqual([a.name]);
  });

  it('are told by name and end, in the bytes of UTF-8', () => {
    const described = describeCertificate(a.der);

    expect(Buffer.from(described!.subjectName, 'latin1').toString()).toMatch(/^C=DE, O=A\\, Inc\., CN=à/);
    expect(described!.notAfter).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  });

  it.each([
    ['an empty block', '', 0],
    ['letters', 'hello', 1],
    ['half a certificate', 'MIIB', 1],
    ['a length without end', 'MIT/////AA==', 1],
  ])('may not be understood: %s', (_what, body, count) => {
    const ders = certificatesIn(Buffer.from(`-----BEGIN CERTIFICATE-----\n${body}\n`));

    expect(ders).toHaveLength(count);
    expect(ders.map(describeCertificate)).toEqual(ders.map(() => undefined));
  });

  it.each(['-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE-----\nAAAA\n', '-----', '0\x82'])(
    'take one pass: %j',
    (piece) => {
      expect(certificatesIn(Buffer.from(piece.repeat(100_000), 'latin1')).length).toBeLessThan(100_001);
    },
  );

  it('are chosen by lines without a mark', () => {
    expect(parseChosen('# no\n!no.crt\n a/b.crt \r\n\nc.crt')).toEqual(['a/b.crt', 'c.crt']);
  });

  describe('that a system trusts', () => {
    let root: FactsRoot;
    beforeEach(() => {
      root = factsRoot();
    });
    afterEach(() => root.remove());

    const trusted = () =>
      Object.fromEntries(
        root.facts(caCertificates).entries.map((entry) => [entry.name, 'files' in entry && entry.files]),
      );

    it('name the bundle alone when they are in it', () => {
      root.put('etc/ssl/certs/ca-certificates.crt', a.pem + b.pem + a.pem);
      root.put('usr/share/ca-certificates/a.crt', a.pem);
      root.put('etc/ca-certificates.conf', 'a.crt');
      root.link('/usr/share/ca-certificates/a.crt', 'etc/ssl/certs/a.pem');
      root.link('a.pem', 'etc/ssl/certs/01234567.0');
      root.link('certs/ca-certificates.crt', 'etc/ssl/cert.pem');

      const bundle = ['/etc/ssl/certs/ca-certificates.crt'];
      expect(trusted()).toEqual({ [a.name]: bundle, [b.name]: bundle });
    });

    it('name each place that adds them, and never where its link leads', () => {
      root.put('tmp/evil.pem', a.pem);
      root.link('/tmp/evil.pem', 'etc/ssl/certs/evil.pem');
      root.link('../../../tmp/evil.pem', 'etc/ssl/certs/01234567.0');
      root.link('evil.pem', 'etc/ssl/certs/01234567.1');
      root.put('usr/local/share/ca-certificates/sub/b.crt', b.pem);
      root.put('etc/pki/ca-trust/source/anchors/b.der', b.der.toString('latin1'));

      expect(trusted()).toEqual({
        [a.name]: ['/etc/ssl/certs/01234567.0', '/etc/ssl/certs/evil.pem'],
        [b.name]: ['/etc/pki/ca-trust/source/anchors/b.der', '/usr/local/share/ca-certificates/sub/b.crt'],
      });
    });

    it('are those that are chosen, and no README, loop or directory is one', () => {
      root.put('etc/ca-certificates.conf', 'b.crt\n!a.crt\n../../../../proc/self/environ\n');
      root.put('usr/share/ca-certificates/a.crt', a.pem);
      root.put('usr/share/ca-certificates/b.crt', b.pem);
      root.put('etc/ssl/certs/README', 'read me');
      root.link('loop', 'etc/ssl/certs/loop');
      root.link('.', 'etc/ssl/certs/self');
      root.link('.', 'usr/local/share/ca-certificates/self');
      mkdirSync(join(root.dir, 'usr/local/share/ca-certificates/dir.crt'));

      expect(trusted()).toEqual({ [b.name]: ['/usr/share/ca-certificates/b.crt'] });
    });

    it('are told by their digest alone where they are not understood', () => {
      root.put('etc/ssl/certs/x.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n');

      expect(root.facts(caCertificates).entries).toEqual([
        {
          subject: 'ca-certificate',
          name: expect.stringMatching(/^SHA256:[0-9a-f]{64}$/),
          files: ['/etc/ssl/certs/x.pem'],
        },
      ]);
    });
  });
});
