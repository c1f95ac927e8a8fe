import { CodedError } from '../../../shared/errors.ts';
import { WebhookTested, WebhookView } from '../../../shared/page.ts';
import { viewWebhook } from '../../store/views/webhook-view.ts';
import { answers } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function webhookRoutes(api: Api, services: Services): void {
  api.get('/webhook', {
    schema: {
      operationId: 'getWebhook',
      tags: ['events'],
      summary: 'Who is called when something is wrong, and what waits to be delivered or never was',
      response: answers(WebhookView, 'The webhook and its outbox.'),
    },
    handler: () => viewWebhook(services.db),
  });

  api.post('/webhook/test', {
    schema: {
      operationId: 'testWebhook',
      tags: ['events'],
      summary: 'Call now, as a test; a test that is taken enables a webhook that was disabled',
      response: answers(WebhookTested, 'The receiver took it.'),
    },
    handler: ({ actor }) => {
      if (services.testWebhook === undefined)
        throw new CodedError(
          'CONFLICT',
          'there is no webhook: name one in the configuration of the server (`webhook:`)',
        );
      return services.testWebhook(actor.name);
    },
  });
}
