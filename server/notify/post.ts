import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as requestInPlain } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { CodedError, sentenceOf } from '../../shared/errors.ts';

const answerMsMax = 15_000;
/** Of an answer nothing is read but so much, and nothing of it is kept or shown. */
const answerBytesMax = 16_384;

export interface Answer {
  readonly status: number;
  /** As it stands in the header. */
  readonly retryAfter: string | undefined;
}

export type Post = (body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;

/**
 * One POST and the head of its answer, within a time; a redirect is an answer like any other, and goes nowhere. Errors: CONFIG for a
 * CA that cannot be read; of a POST, those of Node.
 */
export function openPost(address: string, caFile: string | undefined): Post {
  const url = new URL(address);
  const ca = caFile === undefined ? undefined : readCa(caFile);
  const send = url.protocol === 'https:' ? requestOverTls : requestInPlain;
  return (body, headers, signal) =>
    new Promise((resolve, reject) => {
      const options = {
        ...{
          method: 'POST',
          agent: false as const,
          signal: AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]),
        },
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        // Said, because a variable of the environment may say otherwise where nothing is.
        ...(url.protocol === 'https:' && {
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2' as const,
          ...(ca && { ca }),
        }),
      };
      const request = send(url, options, (answer) => {
        drop(answer);
        resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] });
      });
      request.once('error', reject);
      request.end(body);
    });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CodedError('CONFIG', `webhook: could not read ca ${file}: ${sentenceOf(cause)}`, cause);
  }
}

/** Takes what comes, up to the bound, so that whoever answers sees its answer taken. */
function drop(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) answer.destroy();
  });
  answer.on('error', () => {});
}
