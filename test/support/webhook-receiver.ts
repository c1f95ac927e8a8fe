import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Issued } from './certificates.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Reply =
  | 'hang'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer };

/** A pager: a real HTTP server, or HTTPS one, that keeps what it was sent and answers as it is told, by the count of requests. */
export async function aReceiver({
  reply = () => ({ status: 204 }),
  certificate,
  port = 0,
}: {
  readonly reply?: (n: number, received: Received) => Reply;
  readonly certificate?: Issued;
  readonly port?: number;
} = {}) {
  const received: Received[] = [];
  const answer: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const one = { path: request.url ?? '', headers: request.headers, body };
    received.push(one);
    const said = reply(received.length, one);
    if (said !== 'hang') response.writeHead(said.status, said.headers).end(said.body);
  };
  const server =
    certificate === undefined
      ? createServer(answer)
      : createTlsServer({ cert: certificate.certificate, key: certificate.key }, answer);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    received,
    port: taken,
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${taken}/hook`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
