import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as requestInPlain } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { Readable } from 'node:stream';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { tlsSentence } from '../../shared/tls-failure.ts';

export interface Question {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal: AbortSignal;
}

/** One request, one answer: `fetch`, but for whom it trusts. Follows no redirect, which could take the token elsewhere. */
export type Transport = (url: URL, question: Question) => Promise<Response>;

/**
 * Speaks TLS 1.3 to everybody but this machine. `ca`: a file with the CA certificates that alone may have signed that of the
 * server; without it, the system's. Errors: CONFIG, and of a transport UNREACHABLE-worthy ones as Node has them.
 */
export function openTransport(base: URL, ca: string | undefined): Transport {
  if (base.protocol === 'http:') {
    if (!isLoopback(base.hostname)) {
      throw new CodedError(
        'CONFIG',
        `expected https for ${base.host}: http is for a server on this machine, since a token must not pass a network in plain text`,
      );
    }
    if (ca !== undefined)
      throw new CodedError('CONFIG', `expected https beside --ca: ${base.origin} shows no certificate`);
    return (url, question) => ask((answered) => requestInPlain(url, optionsOf(question), answered), question);
  }
  const trusted =
    ca === undefined ? 'the CAs that this system trusts (--ca or PRISTINE_CA name others)' : `a CA in ${ca}`;
  let secureContext: SecureContext | undefined;
  return (url, question) => {
    secureContext ??= contextOf(ca);
    // Said, because a variable of the environment may say otherwise where nothing is.
    const options = { ...optionsOf(question), secureContext, rejectUnauthorized: true };
    return ask((answered) => requestOverTls(url, options, answered), question).catch((error) => {
      const sentence = tlsSentence(error, { host: base.host, trusted });
      throw sentence === undefined ? error : new Error(sentence, { cause: error });
    });
  };
}

function optionsOf({ method = 'GET', headers, signal }: Question) {
  return { method, headers, signal };
}

function ask(
  send: (answered: (answer: IncomingMessage) => void) => ReturnType<typeof requestInPlain>,
  { body }: Question,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = send((answer) => resolve(responseOf(answer)));
    request.once('error', reject);
    request.end(body);
  });
}

/** What may have no body (Fetch Standard, null body status). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0;
  const headers = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  if (bodiless.has(status)) answer.resume();
  return new Response(bodiless.has(status) ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), {
    status,
    headers,
  });
}

function contextOf(ca: string | undefined): SecureContext {
  try {
    const authorities = ca === undefined ? [...new Set(getCACertificates('system'))] : readFileSync(ca, 'utf8');
    if (typeof authorities === 'string' && !authorities.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error('it holds no -----BEGIN CERTIFICATE-----');
    return createSecureContext({ ca: authorities, minVersion: 'TLSv1.3' });
  } catch (cause) {
    throw new CodedError('CONFIG', `${ca}: expected CA certificates as PEM: ${sentenceOf(cause)}`, cause);
  }
}
