import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, openCertificate } from '../../../server/http/certificate.ts';
import { anAuthority } from '../../support/certificates.ts';
import { aDirectory } from '../../support/database.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const authority = anAuthority();
const dayMs = 24 * 3_600_000;

let clock: FakeClock;
let files: { readonly certificate: string; readonly key: string };
let logged: string[];
let certificate: Certificate | undefined;

beforeEach(() => {
  clock = createFakeClock(Date.now());
  const directory = aDirectory();
  files = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  logged = [];
});
afterEach(() => certificate?.stop());

describe('a certificate', () => {
  it('is looked for again every ten seconds', async () => {
    issue(30 * dayMs);
    certificate = await open();
    const before = certificate.options.cert;

    const issued = issue(60 * dayMs);
    clock.advance(10_000);

    await until(() => certificate?.options.cert !== before);
    expect(certificate.options.cert).toBe(issued);
    expect(logged).toEqual(['info tls: a new certificate is in use']);
  });

  it('that cannot be used is told of once, and again when it is another', async () => {
    issue(30 * dayMs);
    certificate = await open();
    certificate.follow(createServer());

    for (const text of ['x', 'x', 'y']) {
      writeFileSync(files.key, text);
      await certificate.reload();
    }
    writeFileSync(files.certificate, 'z');
    issue(40 * dayMs);
    await certificate.reload();

    expect(logged).toEqual([
      'error tls: the new certificate cannot be used, the former one stays',
      'info tls: a new certificate is in use',
    ]);
  });

  it('that expires soon is told of once a day, and then that it has', async () => {
    issue(2 * dayMs);
    certificate = await open();
    expect(logged).toEqual(['warn tls: the certificate expires soon']);

    await certificate.reload();
    expect(logged).toHaveLength(1);

    clock.advance(dayMs);
    await certificate.reload();
    clock.advance(dayMs + 2_000);
    await certificate.reload();
    expect(logged).toEqual([
      'warn tls: the certificate expires soon',
      'warn tls: the certificate expires soon',
      'error tls: the certificate has expired: no agent connects any more',
    ]);
  });
});

/** Gives the certificate. */
function issue(validMs: number): string {
  const issued = authority.issue({ notAfter: new Date(clock.now() + validMs + 1_000) });
  writeFileSync(files.certificate, issued.certificate);
  writeFileSync(files.key, issued.key);
  return issued.certificate;
}

function open(): Promise<Certificate> {
  const log = Object.fromEntries(
    ['info', 'warn', 'error'].map((level) => [
      level,
      (_fields: object, message: string) => logged.push(`${level} ${message}`),
    ]),
  );
  return openCertificate({ files, clock, log: log as never });
}
