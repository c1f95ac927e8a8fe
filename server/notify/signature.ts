import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CodedError, sentenceOf } from '../../shared/errors.ts';

const secretsMax = 2;
const [bytesMin, bytesMax] = [24, 64] as const;

/**
 * The secrets to sign with, at most two: while one is exchanged for another, both. Read anew for each page, so that an exchange needs
 * no restart. Errors: CONFIG; no sentence ever holds any of what was read.
 */
export type Secrets = () => Promise<readonly Buffer[]>;

export function openSecrets(secretFile: string | undefined, inEnvironment: string | undefined): Secrets {
  if (secretFile === undefined && inEnvironment === undefined) {
    throw new CodedError('CONFIG', 'webhook: expected `secretFile`, or PRISTINE_WEBHOOK_SECRET in the environment');
  }
  return async () => secretsOf(inEnvironment ?? (await read(secretFile!)));
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('CONFIG', `webhook: could not read secretFile ${file}: ${sentenceOf(cause)}`, cause);
  }
}

function secretsOf(text: string): readonly Buffer[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const secrets = words.map((word) => Buffer.from(/^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(word)?.[1] ?? '', 'base64'));
  const isRight = secrets.every(({ length }) => length >= bytesMin && length <= bytesMax);
  if (secrets.length === 0 || secrets.length > secretsMax || !isRight) {
    throw new CodedError(
      'CONFIG',
      `webhook: expected one secret or two, each whsec_ and ${bytesMin} to ${bytesMax} bytes in base64, such as \`printf 'whsec_%s\\n' "$(openssl rand -base64 32)"\` makes one`,
    );
  }
  return secrets;
}

export interface Signed {
  readonly id: string;
  /** Of this attempt, in seconds since the epoch: receivers refuse old ones. */
  readonly seconds: number;
  readonly body: string;
}

/** The headers of Standard Webhooks: HMAC-SHA256 over id, time and body, one signature a secret, apart by spaces. */
export function signatureHeaders({ id, seconds, body }: Signed, secrets: readonly Buffer[]): Record<string, string> {
  const signed = `${id}.${seconds}.${body}`;
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') };
}
