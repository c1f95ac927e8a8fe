import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { Credential } from '../../shared/enrolment.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { AgentConfig } from '../config.ts';
import { readCredentialFile } from './credential-file.ts';

const joinTokenBytesMax = 256;
const projectedTokenBytesMax = 16_384;

/**
 * What this instance enrols with, read anew for each hello, so that it may come after the agent and may be renewed; never
 * logged. Once the key is enrolled none is needed, so that one that cannot be read ends nothing.
 */
export async function readCredential(
  config: AgentConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<{ readonly enrolment?: Credential }> {
  try {
    const enrolment = await credentialOf(config, clock);
    return enrolment === undefined ? {} : { enrolment };
  } catch (error) {
    log.warn({ by: config.enrol, reason: sentenceOf(error) }, 'nothing to enrol with');
    return {};
  }
}

async function credentialOf(config: AgentConfig, clock: Clock): Promise<Credential | undefined> {
  switch (config.enrol) {
    case 'token': {
      if (config.joinTokenFile === undefined) return undefined;
      const token = await readCredentialFile(config.joinTokenFile, joinTokenBytesMax);
      return token === undefined ? undefined : { by: 'token', token };
    }
    case 'aws': {
      // Loaded here: elsewhere nobody asks a metadata service.
      const { readIdentityDocument } = await import('./metadata.ts');
      return readIdentityDocument(config.awsMetadata, clock);
    }
    case 'kubernetes': {
      const token = await readCredentialFile(config.kubernetesTokenFile, projectedTokenBytesMax);
      return token === undefined ? undefined : { by: 'kubernetes', token };
    }
    default:
      return config.enrol satisfies never;
  }
}
