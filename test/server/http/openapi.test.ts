import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { houseDir } from '../../support/house.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

let server: HttpServer;
let operations: { readonly name: string; readonly operation: Operation }[];
let document: { readonly openapi: string; readonly components: { readonly schemas: object } };

beforeAll(async () => {
  server = await anHttpServer();
  const answer = await server.send('/api/v1/openapi.json', { headers: { authorization: '' } });
  document = answer.body;
  operations = Object.entries(answer.body.paths as Record<string, Record<string, Operation>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
});
afterAll(() => server.close());

describe('the OpenAPI document', () => {
  it('is 3.1 and needs no token', () => {
    expect(document.openapi).toBe('3.1.0');
  });

  it('has every route', () => {
    const routes = server.http
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap((line) => /(\/\S*) \(([A-Z, ]+)\)/.exec(line)?.[0] ?? []);
    const documented = new Set(operations.map(({ name }) => name.replace(/\{\w+\}/g, ':')));

    expect(routes.length).toBeGreaterThan(20);
    expect(operations.length).toBeGreaterThanOrEqual(routes.length);
    expect(documented).toContain('POST /api/v1/groups/:/breaker:reset');
  });

  it('gives every route a name, a summary and the schema of its answer', () => {
    const incomplete = operations.filter(
      ({ operation }) =>
        !operation.operationId ||
        !operation.summary ||
        Object.values(operation.responses).some(({ content }) => !content),
    );

    expect(incomplete).toEqual([]);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it('says of every guarded route what a refusal looks like', () => {
    const guarded = operations.filter(({ name }) => name.includes('/api/v1/') && !name.endsWith('openapi.json'));

    for (const { operation } of guarded) {
      expect(operation.responses['4XX']?.content).toHaveProperty(['application/problem+json']);
    }
  });

  it('refers only to schemas that it has', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1]);

    expect(refs.length).toBeGreaterThan(20);
    expect(refs.filter((name) => !Object.hasOwn(document.components.schemas, name as string))).toEqual([]);
  });

  it('is what is committed for the console, and so are its types', () => {
    execFileSync(process.execPath, [join(houseDir, 'packaging/generate.ts'), '--check']);

    const committed = JSON.parse(readFileSync(join(houseDir, 'server/web/src/generated/openapi.json'), 'utf8'));
    expect(committed).toEqual(document);
  });
});
