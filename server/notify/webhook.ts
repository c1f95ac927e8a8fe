import { digestOf } from '../../shared/digest.ts';
import type { Db } from '../store/database.ts';
import { noteWebhook } from '../store/outbox-store.ts';
import type { WebhookConfig } from './config.ts';
import { openPost, type Post } from './post.ts';
import { openSecrets, type Secrets } from './signature.ts';

export interface Webhook {
  readonly post: Post;
  readonly secrets: Secrets;
}

/**
 * Opens what the configuration names, and writes down that it is there: from then on what calls a person is put in the outbox.
 * Errors: CONFIG with what cannot be read, or is no secret.
 */
export async function openWebhook(
  db: Db,
  config: WebhookConfig | undefined,
  { inEnvironment, source }: { readonly inEnvironment: string | undefined; readonly source: string },
): Promise<Webhook | undefined> {
  if (config === undefined) {
    await noteWebhook(db, null);
    return undefined;
  }
  const { url, secretFile, ca, events } = config;
  const secrets = openSecrets(secretFile, inEnvironment);
  await secrets();
  const post = openPost(url, ca);
  const { protocol, host } = new URL(url);
  await noteWebhook(db, { address: digestOf(url), receiver: `${protocol}//${host}`, events, source });
  return { post, secrets };
}
