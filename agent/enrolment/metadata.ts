import { request } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { AwsCredential } from '../../shared/enrolment.ts';
import { CodedError } from '../../shared/errors.ts';

/** All of it: a hello that waited longer would come too late. */
const answersMsMax = 3_000;
const answerBytesMax = 16_384;
const sessionSeconds = '60';

const identity = '/latest/dynamic/instance-identity';

/**
 * The instance identity document and what signs it, from the metadata service of EC2 (IMDSv2: a session first): by a key of
 * 2048 bits, or where there is no such thing, of 1024. Source: docs.aws.amazon.com, "Use the Instance Metadata Service",
 * "Verify the instance identity document". Errors: UNREACHABLE, NOT_FOUND, TIMEOUT.
 */
export async function readIdentityDocument(endpoint: string, clock: Clock): Promise<AwsCredential> {
  const late = new AbortController();
  const done = new AbortController();
  clock.sleep(answersMsMax, done.signal).then(
    () => late.abort(new CodedError('TIMEOUT', `${endpoint}: no answer within ${answersMsMax} ms`)),
    () => undefined,
  );
  try {
    const ask = (path: string, method: string, headers: Record<string, string>) =>
      answerOf(new URL(path, endpoint), { method, headers, signal: late.signal });
    const session = await ask('/latest/api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': sessionSeconds });
    const headers = { 'x-aws-ec2-metadata-token': session };
    const document = await ask(`${identity}/document`, 'GET', headers);
    const rsa2048 = await ask(`${identity}/rsa2048`, 'GET', headers).catch(absent);
    if (rsa2048 !== undefined) return { by: 'aws', document, rsa2048 };
    return { by: 'aws', document, signature: await ask(`${identity}/signature`, 'GET', headers) };
  } finally {
    done.abort();
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof CodedError) || error.code !== 'NOT_FOUND') throw error;
}

interface Asking {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** No redirect is followed, no proxy asked: who answers is on this machine's link, or nobody is. */
function answerOf(url: URL, asking: Asking): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(asking.signal.aborted ? asking.signal.reason : cause);
    const asked = request(url, { ...asking, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.destroy();
        const code = response.statusCode === 404 ? 'NOT_FOUND' : 'UNREACHABLE';
        return reject(new CodedError(code, `${url.href} answered ${response.statusCode}, expected 200`));
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax)
          response.destroy(new CodedError('UNREACHABLE', `${url.href}: expected at most ${answerBytesMax} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    asked.on('error', fail);
    asked.end();
  });
}
