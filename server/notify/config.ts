import { z } from 'zod';
import { isLoopback } from '../../shared/loopback.ts';
import { PageType, pageTypes } from '../../shared/page.ts';

const file = z.string().startsWith('/', 'expected an absolute path');

/** Whom to call, and for what. */
export const WebhookConfig = z
  .strictObject({
    url: z
      .url('expected an address such as https://pager.example/pristine')
      .refine(isAllowed, 'expected https, or http to this machine: a page must not pass a network in plain text')
      .refine(hasNoCredentials, 'expected no user and password in it: receivers know us by the signature')
      .describe('where pages are POSTed. Private addresses are allowed, redirects are not followed'),
    secretFile: file
      .optional()
      .describe(
        'what they are signed with: `whsec_` and 24 to 64 bytes in base64; while it is exchanged two, a line each. Or in PRISTINE_WEBHOOK_SECRET',
      ),
    ca: file.optional().describe('CA certificates (PEM) that alone may have signed that of the receiver'),
    events: z
      .array(PageType)
      .min(1)
      .default([...pageTypes])
      .describe('what calls a person; all of them unless said'),
  })
  .meta({ id: 'WebhookConfig' });
export type WebhookConfig = z.infer<typeof WebhookConfig>;

function isAllowed(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}

function hasNoCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '';
}
