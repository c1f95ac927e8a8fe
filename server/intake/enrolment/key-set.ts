import { open } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';

const keySetBytesMax = 262_144;
const answerMsMax = 5_000;
/** Read again when it is older, and when a token names a key that is not in it: an issuer that rotates shows the next. */
const freshMs = 600_000;
/** A source that fails, or whose keys somebody pretends not to find, is asked no more often. */
const askEveryMs = 30_000;
/** What an issuer once showed is good for so long when it cannot be asked. */
const staleMsMax = 3_600_000;

type Select = ReturnType<typeof createLocalJWKSet>;

/**
 * The public keys of an issuer, from a file or a URL, for `jwtVerify`. A `kid` only selects among them: it names no file
 * and no address. Errors: UNREACHABLE where they cannot be had; those of jose for a key that is not there.
 */
export function openKeySet(source: string, clock: Pick<Clock, 'monotonic'>): JWTVerifyGetKey {
  let known: { readonly select: Select; readonly at: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  let failure: unknown;

  return async (header, token) => {
    if (known === undefined || isOlder(freshMs)) await ask();
    if (known === undefined || isOlder(staleMsMax)) {
      throw new CodedError('UNREACHABLE', `the keys at ${source} cannot be read: ${sentenceOf(failure)}`, failure);
    }
    const { select, at } = known;
    try {
      return await select(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await ask();
      if (known.at === at) throw error;
      return known.select(header, token);
    }
  };

  function isOlder(ms: number): boolean {
    return clock.monotonic() - (known?.at ?? Number.NEGATIVE_INFINITY) >= ms;
  }

  /** One at a time, whoever waits for it. */
  async function ask(): Promise<void> {
    if (asking === undefined && clock.monotonic() - askedAt < askEveryMs) return;
    asking ??= read().finally(() => {
      asking = undefined;
    });
    await asking;
  }

  async function read(): Promise<void> {
    askedAt = clock.monotonic();
    try {
      const text = source.startsWith('/') ? await readBounded(source) : await download(source);
      known = { select: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), at: askedAt };
    } catch (error) {
      failure = error;
    }
  }
}

async function readBounded(file: string): Promise<string> {
  await using handle = await open(file);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(keySetBytesMax + 1));
  return boundedText([buffer.subarray(0, bytesRead)]);
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(answerMsMax) });
  if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > keySetBytesMax) break;
  }
  return boundedText(chunks);
}

function boundedText(chunks: readonly Uint8Array[]): string {
  const whole = Buffer.concat(chunks);
  if (whole.length > keySetBytesMax) throw new Error(`expected at most ${keySetBytesMax} bytes`);
  return whole.toString('utf8');
}
