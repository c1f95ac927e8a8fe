import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { CodedError } from '../../shared/errors.ts';
import { problemOf, sendProblem } from './problem.ts';

const builtConsole = join(import.meta.dirname, '../web/dist');

/** The built console at `/`. Its routes live in the browser, so any page address answers with its one HTML file. */
export async function addConsole(http: FastifyInstance, directory = builtConsole): Promise<void> {
  const hasConsole = existsSync(join(directory, 'index.html'));
  if (hasConsole) {
    await http.register(fastifyStatic, {
      root: directory,
      schemaHide: true,
      wildcard: true,
      setHeaders: (reply, path) => {
        // Vite puts a digest of the content into the names of assets, and into no other name.
        const immutable = path.startsWith(join(directory, 'assets'));
        reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  http.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
    if (hasConsole && isPage && !/^\/(api|agent)(\/|$)/.test(request.url)) return reply.sendFile('index.html');
    const isUnbuilt = !hasConsole && isPage && request.url === '/';
    const why = isUnbuilt
      ? 'the console is not built: `npm run web` builds it, then start the server again'
      : 'there is nothing at this address';
    return sendProblem(reply, problemOf(new CodedError('NOT_FOUND', why)));
  });
}
