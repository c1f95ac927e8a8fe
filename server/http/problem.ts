import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Problem } from '../../shared/api.ts';
import { CodedError, type ErrorCode } from '../../shared/errors.ts';
import { type Issue, issuesOf } from '../../shared/issues.ts';

/** The request does not fit its schema. `syntax` when the address is at fault (400), else the document is (422). */
export class InvalidRequest extends CodedError {
  readonly issues: readonly Issue[];
  readonly syntax: boolean;

  constructor(error: z.ZodError, part: string | undefined) {
    const issues = issuesOf(error);
    const first = issues[0];
    const where = first === undefined || first.pointer === '' ? (part ?? 'request') : first.pointer;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    super('USAGE', `${where}: ${first?.detail}${more}`);
    this.issues = issues;
    this.syntax = part !== 'body';
  }
}

/** A hostile document must not get back more than it sent. */
const issuesToldMax = 100;

const statusOfCode: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  UNREACHABLE: 502,
  TIMEOUT: 504,
  IO: 500,
  INTERNAL: 500,
};

const titles: Record<number, string> = {
  400: 'The request could not be understood',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not found',
  409: 'This conflicts with what is there',
  413: 'Too large',
  415: 'Not JSON',
  422: 'The document was refused',
  500: 'The server failed',
  502: 'A provider could not be reached',
  503: 'Not ready',
  504: 'A provider did not answer in time',
};

/** RFC 9457, for anything thrown. What is not of our catalogue tells its reader nothing: it may hold paths and queries. */
export function problemOf(error: unknown): Problem {
  if (error instanceof InvalidRequest) {
    const base = problem(error.syntax ? 400 : 422, error.code, error.message);
    const told = error.issues.slice(0, issuesToldMax);
    return { ...base, errors: told.map(({ pointer, detail }) => ({ pointer, detail })) };
  }
  if (error instanceof CodedError) {
    const status = statusOfCode[error.code] ?? 422;
    return problem(status, error.code, error.message);
  }
  const status = (error as { statusCode?: number } | null)?.statusCode ?? 500;
  if (status === 413) return problem(413, 'TOO_LARGE', 'the body is larger than this route takes');
  if (status === 415) return problem(415, 'USAGE', 'expected Content-Type: application/json');
  if (status >= 400 && status < 500)
    return problem(
      400,
      'USAGE',
      'expected a well-formed address, and one well-formed JSON document where there is a body',
    );
  return problem(500, 'INTERNAL', 'see the log of the server');
}

function problem(status: number, code: ErrorCode, detail: string): Problem {
  return {
    type: `urn:x-pristine:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: titles[status] ?? 'Refused',
    status,
    detail,
    code,
  };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="pristine"');
  // Written out here, because the route's own response schemas do not apply to what it could not do.
  return reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
