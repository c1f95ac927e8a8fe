import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Problem } from '../../shared/api.ts';
import { CodedError, ExitCode, sentenceOf } from '../../shared/errors.ts';
import type { FleetEvent } from '../../shared/event.ts';
import { openTransport, type Question } from './transport.ts';

const answerMsMax = 120_000;
const pageItems = 500;

/** A refusal in the server's own words. */
export class RemoteProblem extends CodedError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super('USAGE', problem.detail);
    this.problem = problem;
  }

  override get exitCode(): ExitCode {
    const { status } = this.problem;
    if (status === 401 || status === 403) return ExitCode.forbidden;
    return status >= 500 ? ExitCode.unreachable : ExitCode.usage;
  }
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Remote {
  get<T>(path: string, query?: Query): Promise<T>;
  /** All pages as one. */
  list<T>(path: string, query?: Query): Promise<Page<T>>;
  post<T>(path: string, body?: object): Promise<T>;
  /** The file as it is. Errors: NOT_FOUND. */
  putFile<T>(path: string, file: string, type: string): Promise<T>;
  text(path: string): Promise<string>;
  /** Live events; `caught-up` once everything that was there before has been sent. Ends when the server ends it. */
  events(query: Query): AsyncGenerator<FleetEvent | 'caught-up'>;
}

export interface Access {
  readonly server?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly ca?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Errors: CONFIG without a usable address or token; then UNREACHABLE, RemoteProblem. */
export function connect(access: Access, env: Environment): Remote {
  const base = addressOf(access.server ?? env['PRISTINE_SERVER'] ?? 'http://127.0.0.1:7420');
  const transport = openTransport(base, access.ca ?? env['PRISTINE_CA']);
  const headers = { authorization: `Bearer ${tokenOf(access, env)}` };

  const ask = async (path: string, query: Query = {}, init: Partial<Question> = {}): Promise<Response> => {
    const url = new URL(`api/v1/${path}`, base);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    let response: Response;
    try {
      const signal = AbortSignal.timeout(answerMsMax);
      response = await transport(url, { signal, ...init, headers: { ...headers, ...init.headers } });
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError(
        'UNREACHABLE',
        `expected a pristine-server at ${base.origin}: ${causeOf(cause)}${adviceOn(cause, base)}`,
        cause,
      );
    }
    if (response.ok) return response;
    throw await problemOf(response, base);
  };
  const json = async <T>(response: Promise<Response>): Promise<T> => {
    try {
      return (await (await response).json()) as T;
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('UNREACHABLE', `${base.origin} answered, but not as a pristine-server would`, cause);
    }
  };

  return {
    get: (path, query) => json(ask(path, query)),
    async list<T>(path: string, query: Query = {}) {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<T> = await json(ask(path, { limit: pageItems, ...query, ...(cursor && { cursor }) }));
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return { items, nextCursor: null };
    },
    post: (path, body) =>
      json(
        ask(
          path,
          {},
          {
            method: 'POST',
            ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
          },
        ),
      ),
    async putFile(path, file, type) {
      const body = await readFile(file).catch((cause: unknown) => {
        throw new CodedError('NOT_FOUND', `could not read ${file}: ${sentenceOf(cause)}`, cause);
      });
      return json(ask(path, {}, { method: 'PUT', body, headers: { 'content-type': type } }));
    },
    text: async (path) => (await ask(path)).text(),
    async *events(query) {
      // A stream has no time by which it must have ended.
      const leaving = new AbortController();
      const response = await ask('events', query, { signal: leaving.signal });
      try {
        if (response.body !== null) yield* readEvents(response.body);
      } catch (cause) {
        throw new CodedError('UNREACHABLE', `${base.origin} went away: ${causeOf(cause)}`, cause);
      } finally {
        leaving.abort();
      }
    },
  };
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new CodedError('CONFIG', `expected the server as http://HOST:PORT or https://…, got ${text}`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function tokenOf(access: Access, env: Environment): string {
  if (access.tokenFile === undefined && env['PRISTINE_TOKEN']) return env['PRISTINE_TOKEN'].trim();
  const file = access.tokenFile ?? env['PRISTINE_TOKEN_FILE'];
  if (file === undefined || file === '') {
    throw new CodedError(
      'CONFIG',
      'expected a token: --token-file FILE, PRISTINE_TOKEN or PRISTINE_TOKEN_FILE; the server keeps its own in DATA/admin.token',
    );
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new CodedError('CONFIG', `expected a token in ${file}, and could not read it`, cause);
  }
}

/** An AggregateError of several addresses has an empty message of its own, and what was aborted has its reason in its cause. */
function causeOf(error: unknown): string {
  const isAborted = error instanceof Error && error.name === 'AbortError' && error.cause instanceof Error;
  const { code } = error as NodeJS.ErrnoException;
  return sentenceOf(isAborted ? error.cause : error) || code || 'no answer';
}

/** A sentence about TLS has no code, and has said what to do. */
function adviceOn(cause: unknown, { protocol }: URL): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined) return '';
  if (code === 'ECONNRESET' && protocol === 'http:') return ': does it speak TLS? Then --server begins with https://';
  return ': is it running? --server or PRISTINE_SERVER say where';
}

async function problemOf(response: Response, base: URL): Promise<CodedError> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  const text = await response.text().catch(() => '');
  try {
    if (isProblem) return new RemoteProblem(JSON.parse(text) as Problem);
  } catch {
    // Said below.
  }
  return new CodedError('UNREACHABLE', `${base.origin} answered ${response.status}, not as a pristine-server would`);
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<FleetEvent | 'caught-up'> {
  let buffered = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true });
    const messages = buffered.split('\n\n');
    buffered = messages.pop() ?? '';
    for (const message of messages) {
      if (message === ': caught up') yield 'caught-up';
      const data = /^data: (.*)$/m.exec(message)?.[1];
      const type = /^event: (.*)$/m.exec(message)?.[1];
      if (data !== undefined && type !== 'reset') yield JSON.parse(data) as FleetEvent;
    }
  }
}
