import { sql } from 'kysely';
import { z } from 'zod';
import { json } from '../schema.ts';
import type { Api, Services } from '../services.ts';

/** For supervisors and load balancers: no token, and nothing in it worth one. */
export function healthRoutes(http: Api, services: Services): void {
  http.get('/healthz', {
    schema: {
      operationId: 'health',
      tags: ['health'],
      summary: 'The process is alive',
      security: [],
      response: { 200: json(z.object({ status: z.literal('alive') }), 'Alive.') },
    },
    handler: async () => ({ status: 'alive' as const }),
  });

  const Readiness = z.object({
    status: z.enum(['ready', 'not ready']),
    scheduler: z
      .enum(['leading', 'standing by'])
      .describe(
        'Whether this server plans and acts, or waits for one that does over the same store: one of all leads.',
      ),
  });
  http.get('/readyz', {
    schema: {
      operationId: 'readiness',
      tags: ['health'],
      summary: 'The database answers at its newest schema, and the server is neither starting nor stopping',
      security: [],
      response: { 200: json(Readiness, 'Ready.'), 503: json(Readiness, 'Not ready.') },
    },
    handler: async (_request, reply) => {
      const ready = services.isReady() && (await databaseAnswers(services));
      const scheduler = services.leads() ? 'leading' : 'standing by';
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', scheduler });
    },
  });
}

/** Migrations ran before the database was handed to anyone, so one that answers is at its newest schema. */
async function databaseAnswers({ db }: Services): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}
