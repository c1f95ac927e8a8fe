import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Reads and forges manifests by the words of the contract, sharing no code with what it tests. */

export interface RawEntry {
  readonly subject: string;
  readonly name: string;
  readonly [attribute: string]: string | number | readonly string[] | Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: forged statements have any shape
type Statement = any;

export const files = { manifest: 'manifest.dsse.json', entries: 'entries.ndjson.zst', rules: 'rules.dsse.json' };

export function entriesText(dir: string): Buffer {
  return zstdDecompressSync(readFileSync(join(dir, files.entries)));
}

export function readEntries(dir: string): RawEntry[] {
  return entriesText(dir)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export function readStatement(dir: string, file = files.manifest): Statement {
  const envelope = JSON.parse(readFileSync(join(dir, file), 'utf8'));
  return JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
}

/** The statement, changed and signed again: bad content that the signature vouches for. */
export function resign(
  dir: string,
  keyFile: string,
  change: (statement: Statement) => void,
  options: { file?: string; payloadType?: string } = {},
): void {
  const { file = files.manifest, payloadType = 'application/vnd.in-toto+json' } = options;
  const statement = readStatement(dir, file);
  change(statement);
  const payload = Buffer.from(JSON.stringify(statement));
  const key = createPrivateKey(readFileSync(keyFile));
  const keyid = `sha256:${sha256(createPublicKey(key).export({ type: 'spki', format: 'der' }))}`;
  const sig = sign(null, preAuthentication(payloadType, payload), key).toString('base64');
  const envelope = { payload: payload.toString('base64'), payloadType, signatures: [{ keyid, sig }] };
  writeFileSync(join(dir, file), `${JSON.stringify(envelope)}\n`);
}

/** Other entries, correctly compressed, counted, digested and signed. `count` lies about them. */
export function forgeEntries(
  dir: string,
  keyFile: string,
  text: Buffer | string,
  count: { bytes?: number; lines?: number } = {},
): void {
  const bytes = Buffer.from(text);
  writeFileSync(join(dir, files.entries), zstdCompressSync(bytes));
  const lines = bytes.toString('latin1').split('\n').length - 1;
  signStored(dir, keyFile, { bytes: bytes.length, lines, ...count }, sha256(bytes));
}

/** Signs whatever lies there as the entries; the statement may say anything about what is inside. */
export function signStored(
  dir: string,
  keyFile: string,
  count: { bytes?: number; lines?: number } = {},
  inflatedDigest?: string,
): void {
  resign(dir, keyFile, (statement) => {
    for (const subject of statement.subject) {
      if (subject.name === files.entries) subject.digest.sha256 = sha256(readFileSync(join(dir, files.entries)));
      else if (inflatedDigest) subject.digest.sha256 = inflatedDigest;
    }
    Object.assign(statement.predicate.entries, count);
  });
}

/** Whether this public key has signed exactly what the file holds. */
export function isSignedBy(dir: string, file: string, pubFile: string): boolean {
  const { payload, payloadType, signatures } = JSON.parse(readFileSync(join(dir, file), 'utf8'));
  const message = preAuthentication(payloadType, Buffer.from(payload, 'base64'));
  const key = createPublicKey(readFileSync(pubFile));
  return signatures.some(({ sig }: { sig: string }) => verify(null, message, key, Buffer.from(sig, 'base64')));
}

function preAuthentication(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** RFC 8785 for values whose keys are ASCII and whose numbers are whole. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
