import type { SecureContextOptions } from 'node:tls';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { z } from 'zod';
import { CodedError } from '../../shared/errors.ts';
import { requireToken } from './auth.ts';
import { addConsole } from './console.ts';
import { addHeaders, securityHeaders } from './headers.ts';
import { addOpenApi } from './openapi.ts';
import { problemOf, sendProblem } from './problem.ts';
import { declareRole } from './roles.ts';
import { accessTokenRoutes } from './routes/access-tokens.ts';
import { applyRoutes } from './routes/apply.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { auditRoutes } from './routes/audit.ts';
import { driftRoutes } from './routes/drifts.ts';
import { eventRoutes } from './routes/events.ts';
import { exemptionRoutes } from './routes/exemptions.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { holdRoutes } from './routes/holds.ts';
import { imageLinkRoutes } from './routes/image-links.ts';
import { imageRoutes } from './routes/images.ts';
import { instanceRoutes } from './routes/instances.ts';
import { keyRoutes } from './routes/keys.ts';
import { lookRoutes } from './routes/looks.ts';
import { policyRoutes } from './routes/policies.ts';
import { promotionRoutes } from './routes/promotions.ts';
import { quarantineRoutes } from './routes/quarantines.ts';
import { replacementRoutes } from './routes/replacements.ts';
import { rulesRoutes } from './routes/rules.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { webhookRoutes } from './routes/webhook.ts';
import { whyRoutes } from './routes/why.ts';
import { json, serializerCompiler, validatorCompiler } from './schema.ts';
import type { Api, Services } from './services.ts';

const bodyBytesMax = 1_048_576;
const requestMsMax = 30_000;
/** So long may the head of a request take, an upgrade of an agent's too: whoever sends it letter by letter is let go. */
const headMsMax = 10_000;
const handshakeMsMax = 10_000;

export interface HttpOptions {
  /** Where the built console lies, if not in its place. */
  readonly consoleDirectory?: string;
  /** Without it, in plain text. */
  readonly tls?: SecureContextOptions | undefined;
  readonly headMs?: number;
}

/** The whole of HTTP, not yet listening. Only the gateway's upgrades go past it. */
export async function createHttp(
  services: Services,
  log: FastifyBaseLogger,
  { consoleDirectory, tls, headMs = headMsMax }: HttpOptions = {},
) {
  const http = fastify({
    ...transportOf(tls, headMs),
    loggerInstance: log,
    // One line a request would drown what the person on call looks for; failures are logged where they are answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    // Open streams are ended by their own room; idle connections must not hold a stop.
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // What the router refuses before any route has it: bad escapes, and names longer than anything has.
    frameworkErrors: (error, _request, reply) => {
      const isTooLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH';
      const nothing = new CodedError('NOT_FOUND', 'there is nothing at this address');
      sendProblem(reply.headers(securityHeaders), problemOf(isTooLong ? nothing : error));
    },
    routerOptions: { maxParamLength: 256 },
  });
  http.setValidatorCompiler(validatorCompiler);
  http.setSerializerCompiler(serializerCompiler);
  http.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      request.log.error({ err: error, method: request.method, url: request.url }, 'http: failed');
    return sendProblem(reply, problem);
  });
  addHeaders(http);
  await addOpenApi(http);
  healthRoutes(http.withTypeProvider(), services);
  await http.register(async (api) => addApi(api.withTypeProvider(), services), { prefix: '/api/v1' });
  await addConsole(http, consoleDirectory);
  return http;
}

/** The types of fastify tell a server of the one kind from the other, which nothing here does. */
function transportOf(tls: SecureContextOptions | undefined, headMs: number): { readonly https?: null } {
  const limits = { headersTimeout: headMs, requestTimeout: requestMsMax, connectionsCheckingInterval: headMs / 2 };
  if (tls === undefined) return { http: limits } as never;
  return { https: { ...tls, ...limits, handshakeTimeout: handshakeMsMax } } as never;
}

async function addApi(api: Api, services: Services): Promise<void> {
  api.addHook('onRoute', (route) => {
    // A misspelt parameter that is silently ignored would list everything where little was asked for.
    if (route.schema) route.schema.querystring ??= z.strictObject({});
  });
  api.get('/openapi.json', {
    schema: {
      operationId: 'describe',
      tags: ['health'],
      summary: 'This document',
      security: [],
      response: { 200: json(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1.') },
    },
    handler: async () => api.swagger() as { openapi: string },
  });
  await api.register(async (guarded: Api) => {
    guarded.addHook('onRequest', requireToken(services));
    guarded.addHook('onRoute', declareRole);
    guarded.decorateRequest('actor');
    for (const addRoutes of [
      ...[
        keyRoutes,
        imageRoutes,
        imageLinkRoutes,
        rulesRoutes,
        tokenRoutes,
        applyRoutes,
        groupRoutes,
        promotionRoutes,
        policyRoutes,
      ],
      ...[instanceRoutes, whyRoutes, lookRoutes, driftRoutes, exemptionRoutes, replacementRoutes, quarantineRoutes],
      ...[eventRoutes, webhookRoutes],
      ...[holdRoutes, approvalRoutes, accessTokenRoutes, auditRoutes],
    ]) {
      addRoutes(guarded, services);
    }
    // Inside the guard, so that an address is not even said to be unknown without a token.
    guarded.setNotFoundHandler(() => {
      throw new CodedError('NOT_FOUND', 'there is nothing at this address');
    });
  });
}
