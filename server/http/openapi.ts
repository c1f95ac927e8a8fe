import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import pkg from '../../package.json' with { type: 'json' };

type JsonObject = { [key: string]: unknown };

/** The document is made from the routes' own zod schemas; nothing describes the API twice. */
export async function addOpenApi(http: FastifyInstance): Promise<void> {
  const transformObject = createJsonSchemaTransformObject({});
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pristine',
        version: pkg.version,
        description:
          'Errors are RFC 9457 problem details with a stable `code`. Lists are pages: pass `nextCursor` on as `cursor`. Later releases may add fields to answers; ignore what you do not know. Unknown fields and parameters of requests are refused.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ token: [] }],
      tags: [
        'images',
        'rules',
        'groups',
        'instances',
        'looks',
        'drifts',
        'replacements',
        'people',
        'events',
        'health',
      ].map((name) => ({
        name,
      })),
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An access token, or the one in DATA/admin.token. `x-role` of an operation is the least role that may.',
          },
        },
      },
    },
    transform: createJsonSchemaTransform({}),
    transformObject: (document) => tidy(transformObject(document) as unknown as JsonObject) as never,
  });
}

/**
 * Every schema with a name comes out twice, `X` as it is answered and `XInput` as it is sent, used or not. Kept are those
 * in use, under one name where one side is all there is or both are equal; and answers stay open, because a later
 * release may add fields.
 */
function tidy(document: JsonObject): JsonObject {
  const components = document['components'] as JsonObject;
  const schemas = components['schemas'] as JsonObject;
  for (const [name, schema] of Object.entries(schemas)) if (!name.endsWith('Input')) openUp(schema);
  for (const path of Object.values(document['paths'] as JsonObject)) {
    for (const operation of Object.values(path as JsonObject)) openUp((operation as JsonObject)['responses']);
  }
  const used = new Set<string>();
  collectRefs(document['paths'], schemas, used);
  const renamed = new Map<string, string>();
  for (const name of used) {
    const plain = name.replace(/Input$/, '');
    const same = JSON.stringify(schemas[plain]) === JSON.stringify(schemas[name]).replaceAll('Input"', '"');
    if (plain !== name && (same || !used.has(plain))) renamed.set(name, plain);
  }
  const kept = [...used].map((name) => [renamed.get(name) ?? name, schemas[name]] as const);
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  const tidied = { ...document, components: { ...components, schemas: Object.fromEntries(kept) } };
  return JSON.parse(JSON.stringify(tidied), (key, value) =>
    key === '$ref' && typeof value === 'string' ? renameRef(value, renamed) : value,
  );
}

const refPrefix = '#/components/schemas/';

function renameRef(ref: string, renamed: ReadonlyMap<string, string>): string {
  const name = ref.slice(refPrefix.length);
  return refPrefix + (renamed.get(name) ?? name);
}

function openUp(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) openUp(item);
  if (value === null || typeof value !== 'object') return;
  const object = value as JsonObject;
  if (object['additionalProperties'] === false) delete object['additionalProperties'];
  for (const member of Object.values(object)) openUp(member);
}

function collectRefs(value: unknown, schemas: JsonObject, used: Set<string>): void {
  if (value === null || typeof value !== 'object') return;
  const ref = (value as JsonObject)['$ref'];
  if (typeof ref === 'string') {
    const name = ref.slice(refPrefix.length);
    if (used.has(name)) return;
    used.add(name);
    collectRefs(schemas[name], schemas, used);
  }
  for (const member of Object.values(value)) collectRefs(member, schemas, used);
}
