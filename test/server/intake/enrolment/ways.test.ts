import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EnrolmentConfig, KubernetesEnrolment } from '../../../../server/intake/enrolment/config.ts';
import { openWays } from '../../../../server/intake/enrolment/ways.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { rsaCertificate } from '../../../support/certificates.ts';
import { aDirectory } from '../../../support/database.ts';

const aws = (certificate: string, overrides: object = {}) =>
  EnrolmentConfig.parse({
    aws: {
      certificates: [certificate],
      accounts: ['123456789012'],
      regions: ['eu-central-1'],
      groups: [{ group: 'web' }],
      ...overrides,
    },
  });

describe('the ways of a server', () => {
  it.each([
    ['is not there', undefined],
    ['is none', 'x'],
    ['is broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['has a key that anybody can break', rsaCertificate({ bits: 512 }).pem],
    ['has a key that somebody could break', rsaCertificate({ bits: 1_024 }).pem],
  ])('are not opened with a certificate that %s', async (_what, pem) => {
    const file = join(aDirectory(), 'aws.pem');
    if (pem !== undefined) writeFileSync(file, pem);

    await expect(openWays(aws(file), systemClock)).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('are opened with a key of 1,024 bits where that is said, and never with less', async () => {
    const file = join(aDirectory(), 'aws.pem');
    writeFileSync(file, rsaCertificate({ bits: 1_024 }).pem);

    await expect(openWays(aws(file, { keyBitsMin: 1_024 }), systemClock)).resolves.toBeDefined();
    expect(() => aws(file, { keyBitsMin: 1_023 })).toThrow();
  });

  const cluster = {
    ...{ issuer: 'https://cluster.test', audience: 'pristine', jwks: '/jwks.json' },
    serviceAccounts: [{ namespace: 'prod', name: 'web', group: 'web', image: 'web@7' }],
  };

  it.each<[string, object]>([
    ['no signature', { algorithms: ['none'] }],
    ['a shared secret', { algorithms: ['RS256', 'HS256'] }],
    ['keys in the clear', { jwks: 'http://cluster.test/jwks' }],
    ['keys of a host that looks like this one', { jwks: 'http://127.0.0.1.example/jwks' }],
    ['keys behind a password', { jwks: 'https://a:b@cluster.test/jwks' }],
    ['a relative path', { jwks: 'jwks.json' }],
    ['any service account', { serviceAccounts: [] }],
  ])('are not configured with %s', (_what, overrides) => {
    expect(KubernetesEnrolment.safeParse(cluster).success).toBe(true);
    expect(KubernetesEnrolment.safeParse({ ...cluster, ...overrides }).success).toBe(false);
  });
});
