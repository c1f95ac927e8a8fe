import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { CodedError } from '../../shared/errors.ts';
import { type ManifestStatement, manifestFiles } from '../../shared/manifest.ts';
import { inflate, readChunks } from './inflate.ts';

/** What `checkDigest` needs of a manifest. */
interface SignedEntries {
  readonly statement: ManifestStatement;
  readonly entries: number;
}

/** Names of what a manifest's statement is about. */
export const entriesSubject = 'entries.ndjson';

/**
 * The digests: of the file as it lies there, so that nothing unsigned reaches the decoder, then of the entries inside.
 * Errors: DIGEST.
 */
export async function checkDigest(manifest: SignedEntries): Promise<void> {
  const stored = signedDigest(manifest.statement, manifestFiles.entries);
  if (stored !== undefined && digestOfFile(manifest) !== stored) {
    throw new CodedError('DIGEST', `${manifestFiles.entries} is not the file that was signed`);
  }
  const chunks = inflate(manifest.entries, manifest.statement.predicate.entries.bytes);
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    if (next.done) return requireDigest(manifest, next.value.bytes, next.value.sha256);
  }
}

/** Errors: DIGEST. */
export function requireDigest(manifest: SignedEntries, bytes: number, sha256: string): void {
  const expected = manifest.statement.predicate.entries.bytes;
  if (bytes !== expected) throw new CodedError('DIGEST', `expected ${expected} bytes of entries, got ${bytes}`);
  if (sha256 !== signedDigest(manifest.statement, entriesSubject)) {
    throw new CodedError('DIGEST', 'the entries are not those that were signed');
  }
}

function signedDigest(statement: ManifestStatement, name: string): string | undefined {
  return statement.subject.find((subject) => subject.name === name)?.digest.sha256;
}

/** Undefined for a file larger than its entries could ever make it: nobody reads that to the end. */
function digestOfFile({ entries: fd, statement }: SignedEntries): string | undefined {
  if (fstatSync(fd).size > statement.predicate.entries.bytes * 1.01 + 65_536) return undefined;
  const hasher = createHash('sha256');
  for (const chunk of readChunks(fd)) hasher.update(chunk);
  return hasher.digest('hex');
}
