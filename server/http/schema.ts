import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify/types/schema.js';
import { z } from 'zod';
import { Problem, pageOf } from '../../shared/api.ts';
import { CodedError } from '../../shared/errors.ts';
import { InvalidRequest } from './problem.ts';

/** The pieces that every route's schema is made of, and the two compilers that make zod the one validator. */

/** Digits and nothing else: `Number` would take an empty text for 0, and `0x10` for a number. */
export function wholeNumber(min: number, max: number) {
  const digits = (text: unknown) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text);
  return z.preprocess(digits, z.int().min(min).max(max));
}

export const pageQuery = {
  cursor: z.string().max(1_024).optional().describe('`nextCursor` of the page before'),
  limit: wholeNumber(1, 500).default(100).describe('items a page; 100 unless said'),
};

/** `true` or `false`, nothing else: `?open=yes` is refused, not taken for false. */
export function flag(description: string) {
  return z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
    .optional()
    .meta({ type: 'boolean', description });
}

const problemContent = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** An answer in JSON, and what every route may answer instead. */
export function answers<S extends z.ZodType>(schema: S, description: string) {
  return { 200: json(schema, description), ...refusals };
}

export function answersPage<S extends z.ZodType>(item: S, description: string) {
  return answers(pageOf(item), description);
}

export const refusals = {
  '4xx': problemContent('Refused; `code` says why and is stable.'),
  '5xx': problemContent('The server or a provider failed.'),
};

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: new InvalidRequest(result.error, httpPart) };
  };
};

/** Answers are checked too: what does not fit its schema is a defect of ours and becomes a 500, not a surprise for clients. */
export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema, contentType }) => {
  return (data) => {
    const value = z.encode(schema, data as never);
    return contentType?.startsWith('text/') ? String(value) : JSON.stringify(value);
  };
};

/** What was looked for, or the 404 that names it. */
export function found<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new CodedError('NOT_FOUND', `there is no ${what}`);
  return thing;
}
