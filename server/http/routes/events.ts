import { z } from 'zod';
import { CodedError } from '../../../shared/errors.ts';
import { FleetEvent } from '../../../shared/event.ts';
import { latestEventId } from '../../store/event-store.ts';
import { createEventStreams } from '../event-stream.ts';
import { securityHeaders } from '../headers.ts';
import { refusals, wholeNumber } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const eventId = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export function eventRoutes(api: Api, services: Services): void {
  const streams = createEventStreams(services);
  api.addHook('preClose', async () => streams.close());

  api.get('/events', {
    schema: {
      operationId: 'followEvents',
      tags: ['events'],
      summary: 'Live changes',
      description:
        'Server-sent events: `event` is the type, `id` counts up, `data` is a FleetEvent. Starts after `Last-Event-ID` or `after`, else at now; the comment `caught up` says that all that was there has been sent. Where more has been missed than is sent again, a `reset` event says so first: read the resources anew.',
      querystring: z.strictObject({ after: eventId.optional().describe('the last event already known') }),
      headers: z.looseObject({ 'last-event-id': eventId.optional() }),
      response: {
        200: { description: 'A stream of events.', content: { 'text/event-stream': { schema: FleetEvent } } },
        ...refusals,
      },
    },
    handler: async (request, reply) => {
      const afterId = request.headers['last-event-id'] ?? request.query.after ?? (await latestEventId(services.db));
      if (!streams.hasRoom()) throw new CodedError('CONFLICT', 'too many readers of events; close one first');
      reply.hijack();
      reply.raw.writeHead(200, {
        ...securityHeaders,
        'x-request-id': request.id,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Tells nginx and its like not to hold events back.
        'x-accel-buffering': 'no',
      });
      streams.follow(reply.raw, afterId);
    },
  });
}
