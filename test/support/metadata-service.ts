import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetadataService {
  readonly url: string;
  /** `METHOD PATH`, in order. */
  readonly asked: string[];
  /** By path, of what is there within a session. */
  readonly texts: Map<string, string>;
  /** In place of what it does. */
  respond: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

const session = 'AQAEAN0tbp-session==';

/** IMDSv2 as EC2 speaks it: a session by PUT, with a time to live, which every GET must name; 401 without. */
export async function aMetadataService(): Promise<MetadataService> {
  const server = createServer((request, response) => {
    service.asked.push(`${request.method} ${request.url}`);
    service.respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: MetadataService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    texts: new Map(),
    respond({ method, url = '', headers }, response) {
      if (url === '/latest/api/token') {
        const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
        const isGood = method === 'PUT' && seconds >= 1 && seconds <= 21_600;
        return void response.writeHead(isGood ? 200 : 400).end(isGood ? session : '');
      }
      if (method !== 'GET' || headers['x-aws-ec2-metadata-token'] !== session) {
        return void response.writeHead(401).end();
      }
      const text = service.texts.get(url);
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(text);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return service;
}
