import type { FastifyInstance } from 'fastify';

/**
 * On every answer. Scripts come from the server only; the console's component library writes style tags, so styles may
 * be inline. No CORS headers anywhere: other origins cannot read us.
 */
export const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export function addHeaders(http: FastifyInstance): void {
  http.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    // Answers of the API are of now, and some hold what only this reader may see.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
}
