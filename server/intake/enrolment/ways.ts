import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../shared/clock.ts';
import type { Credential } from '../../../shared/enrolment.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import { createAwsWay } from './aws.ts';
import type { AwsEnrolment, EnrolmentConfig } from './config.ts';
import { createKubernetesWay } from './kubernetes.ts';
import { tokenWay } from './token.ts';
import type { EnrolmentWay } from './way.ts';

/** Join tokens and nothing else: what a server takes that was told of no cloud. */
export const tokensOnly: EnrolmentWay = { prove: proveBy({}) };

/** Join tokens, and what the configuration names. Errors: CONFIG for a certificate that cannot be read. */
export async function openWays(config: EnrolmentConfig, clock: Pick<Clock, 'monotonic'>): Promise<EnrolmentWay> {
  const { aws, kubernetes } = config;
  return {
    prove: proveBy({
      aws: aws && createAwsWay(aws, await readCertificates(aws)),
      kubernetes: kubernetes.length > 0 ? createKubernetesWay(kubernetes, clock) : undefined,
    }),
  };
}

interface CloudWays {
  readonly aws?: ReturnType<typeof createAwsWay> | undefined;
  readonly kubernetes?: ReturnType<typeof createKubernetesWay> | undefined;
}

function proveBy({ aws, kubernetes }: CloudWays): EnrolmentWay['prove'] {
  return async (credential: Credential, visit) => {
    switch (credential.by) {
      case 'token':
        return tokenWay.prove(credential, visit);
      case 'aws':
        return (aws ?? refuse('aws')).prove(credential, visit);
      case 'kubernetes':
        return (kubernetes ?? refuse('kubernetes')).prove(credential, visit);
      default:
        return credential satisfies never;
    }
  };
}

function refuse(way: string): never {
  throw new CodedError(
    'FORBIDDEN',
    `this server takes no ${way} identities: configure enrolment.${way}, or use a token`,
  );
}

async function readCertificates({ certificates }: AwsEnrolment): Promise<readonly string[]> {
  return Promise.all(
    certificates.map(async (file) => {
      let pem: string;
      try {
        pem = await readFile(file, 'utf8');
      } catch (cause) {
        throw new CodedError('CONFIG', `enrolment.aws.certificates: cannot read ${file}: ${sentenceOf(cause)}`, cause);
      }
      if (!pem.includes('-----BEGIN CERTIFICATE-----'))
        throw new CodedError('CONFIG', `enrolment.aws.certificates: expected a certificate in PEM in ${file}`);
      return pem;
    }),
  );
}
