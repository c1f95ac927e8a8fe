import { TextDecoder } from 'node:util';
import { CodedError } from '../../shared/errors.ts';
import { requireDigest } from './digest.ts';
import { inflate } from './inflate.ts';
import type { Manifest } from './open-manifest.ts';

const lineCharsMax = 64 * 1024;

/**
 * The lines of a manifest, a few at a time. Reads the same descriptor as the first pass and digests it again: what was
 * approved is what is compared, or this fails at its end. Errors: DIGEST, ENTRIES.
 */
export async function* readEntryLines(manifest: Manifest): AsyncGenerator<string[]> {
  const { bytes, lines: expected } = manifest.statement.predicate.entries;
  const chunks = inflate(manifest.entries, bytes);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let tail = '';
  let count = 0;
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    tail += decode(decoder, next.done ? undefined : next.value);
    if (next.done) {
      requireDigest(manifest, next.value.bytes, next.value.sha256);
      if (tail !== '') throw new CodedError('ENTRIES', 'the last line of the entries does not end');
      if (count !== expected) throw new CodedError('ENTRIES', `expected ${expected} entries, got ${count}`);
      return;
    }
    const lines = tail.split('\n');
    tail = lines.pop()!;
    if (tail.length > lineCharsMax) throw new CodedError('ENTRIES', `line ${count + lines.length + 1} is too long`);
    count += lines.length;
    yield lines;
  }
}

function decode(decoder: TextDecoder, chunk: Buffer | undefined): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new CodedError('ENTRIES', 'the entries are not UTF-8', cause);
  }
}
