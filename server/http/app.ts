import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { z } from 'zod';
import { CodedError } from '../../shared/errors.ts';
import { requireToken } from './auth.ts';
import { addConsole } from './console.ts';
import { addHeaders, securityHeaders } from './headers.ts';
import { addOpenApi } from './openapi.ts';
import { problemOf, sendProblem } from './problem.ts';
import { applyRoutes } from './routes/apply.ts';
import { driftRoutes } from './routes/drifts.ts';
import { eventRoutes } from './routes/events.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { imageRoutes } from './routes/images.ts';
import { instanceRoutes } from './routes/instances.ts';
import { keyRoutes } from './routes/keys.ts';
import { lookRoutes } from './routes/looks.ts';
import { policyRoutes } from './routes/policies.ts';
import { replacementRoutes } from './routes/replacements.ts';
import { rulesRoutes } from './routes/rules.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { json, serializerCompiler, validatorCompiler } from './schema.ts';
import type { Api, Services } from './services.ts';

const bodyBytesMax = 1_048_576;
const requestMsMax = 30_000;

/** The whole of HTTP, not yet listening. Only the gateway's upgrades go past it. */
export async function createHttp(services: Services, log: FastifyBaseLogger, consoleDirectory?: string) {
  const http = fastify({
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
    guarded.addHook('onRequest', requireToken(services.adminToken));
    for (const addRoutes of [
      ...[keyRoutes, imageRoutes, rulesRoutes, tokenRoutes, applyRoutes, groupRoutes, policyRoutes],
      ...[instanceRoutes, lookRoutes, driftRoutes, replacementRoutes, eventRoutes],
    ]) {
      addRoutes(guarded, services);
    }
    // Inside the guard, so that an address is not even said to be unknown without a token.
    guarded.setNotFoundHandler(() => {
      throw new CodedError('NOT_FOUND', 'there is nothing at this address');
    });
  });
}
