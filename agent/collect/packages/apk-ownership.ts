import type { Reader } from '../facts/collector.ts';
import { readInstalled } from './apk.ts';
import type { AskedPaths } from './asked-paths.ts';
import type { Claim, FileDigest } from './ownership.ts';

/** By `F`, `R` and `Z` of the database. What is in /etc apk leaves to people, as its protected paths say. */
export function claimApkFiles(reader: Reader, asked: AskedPaths, claim: Claim): void {
  for (const { name, arch, files } of readInstalled(reader, (path) => asked.match(path) !== undefined)) {
    for (const { path, checksum } of files) {
      const digest = digestOf(checksum);
      const config = digest !== undefined && path.startsWith('/etc/');
      claim(asked.match(path)!, { package: `${name}:${arch}`, config, ...(digest && { digest }) });
    }
  }
}

const forms = { Q1: { algorithm: 'sha1', bytes: 20 }, Q2: { algorithm: 'sha256', bytes: 32 } } as const;

function digestOf(checksum = ''): FileDigest | undefined {
  const form = forms[checksum.slice(0, 2) as keyof typeof forms];
  const bytes = Buffer.from(checksum.slice(2), 'base64');
  return form !== undefined && bytes.length === form.bytes
    ? { algorithm: form.algorithm, value: bytes.toString('hex') }
    : undefined;
}
