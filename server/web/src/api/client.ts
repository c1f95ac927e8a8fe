import createClient from 'openapi-fetch';
import type { paths } from '../generated/api.ts';
import { dropToken, token } from './token.ts';

/** What the server said no to. `code` is of its catalogue, the message says expected and got. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const api = createClient<paths>({ baseUrl: location.origin });

api.use({
  onRequest({ request }) {
    const value = token.get();
    if (value !== null) request.headers.set('authorization', `Bearer ${value}`);
  },
  onResponse({ request, response }) {
    // Only the token that was refused is dropped: an answer that is late must not log out a newer one.
    const refused = response.status === 401 && request.headers.get('authorization') === `Bearer ${token.get()}`;
    if (refused) dropToken('The server does not accept this token.');
  },
});

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer's data, or an ApiError with what the problem document says (RFC 9457). */
export async function resultOf<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok && data !== undefined) return data;
  const problem = (error ?? {}) as { code?: unknown; detail?: unknown };
  const code = typeof problem.code === 'string' ? problem.code : 'UNREADABLE';
  const detail = typeof problem.detail === 'string' ? problem.detail : `the server answered ${response.status}`;
  throw new ApiError(response.status, code, detail);
}

/** Whether the server accepts this token. Throws when it cannot be asked. */
export async function tokenWorks(given: string): Promise<boolean> {
  // Not through the client: it would send the token that is kept, and drop it when refused.
  const response = await fetch('/api/v1/groups?limit=1', { headers: { authorization: `Bearer ${given}` } });
  if (response.ok) return true;
  if (response.status === 401 || response.status === 403) return false;
  throw new ApiError(response.status, 'UNREADABLE', `The server answered ${response.status}.`);
}
