import { createHash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { CodedError } from '../../shared/errors.ts';
import { type ManifestStatement, manifestFiles } from '../../shared/manifest.ts';
import { inflate } from './inflate.ts';
import { checkTexts } from './stored-texts.ts';

/** What `checkDigest` needs of a manifest. */
interface SignedEntries {
  readonly dir: string;
  readonly statement: ManifestStatement;
  readonly entries: number;
}

/** Names of what a manifest's statement is about. */
export const entriesSubject = 'entries.ndjson';

/**
 * Before anything is inflated: the file is the one that was signed, so that no unsigned byte reaches the decoder. The
 * entries inside are digested while they are compared, and count only if that digest holds too. A manifest that does not
 * name the file is inflated once for this alone. The texts beside it must be what their names say. Errors: DIGEST.
 */
export async function checkStoredDigest(manifest: SignedEntries): Promise<void> {
  checkTexts(manifest.dir);
  const stored = signedDigest(manifest.statement, manifestFiles.entries);
  if (stored === undefined) await checkInnerDigest(manifest);
  else if (digestOfFile(manifest) !== stored) {
    throw new CodedError('DIGEST', `${manifestFiles.entries} is not the file that was signed`);
  }
}

/** Both digests, for those who do not go on to read the entries. Errors: DIGEST. */
export async function checkDigest(manifest: SignedEntries): Promise<void> {
  await checkStoredDigest(manifest);
  await checkInnerDigest(manifest);
}

async function checkInnerDigest(manifest: SignedEntries): Promise<void> {
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
  const chunk = Buffer.allocUnsafe(64 * 1024);
  for (let position = 0; ; ) {
    const length = readSync(fd, chunk, 0, chunk.length, position);
    if (length === 0) return hasher.digest('hex');
    hasher.update(chunk.subarray(0, length));
    position += length;
  }
}
