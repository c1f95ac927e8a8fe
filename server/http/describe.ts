import { pino } from 'pino';
import { createHttp } from './app.ts';
import type { Services } from './services.ts';

/** The OpenAPI document, from the routes alone: none is called, so none of what they need is there. */
export async function describeApi(): Promise<object> {
  const http = await createHttp({ adminToken: '' } as Services, pino({ level: 'silent' }));
  await http.ready();
  const document = http.swagger();
  await http.close();
  return document;
}
