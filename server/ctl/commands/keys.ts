import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TrustedKey } from '../../../shared/api.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Context } from '../context.ts';

export async function trust(
  { remote, out, json }: Context,
  [file = '']: readonly string[],
  options: { readonly name?: unknown },
): Promise<void> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('KEY', `expected a public key at ${file}, and could not read it`, cause);
  }
  // A mistyped name must not send a private key anywhere.
  if (pem.includes('PRIVATE KEY')) throw new CodedError('KEY', `${file} is a private key; trust its .pub`);
  const name = typeof options.name === 'string' ? options.name : basename(file).replace(/\.pub$/, '');
  const key = await remote.post<TrustedKey>('keys', { name, pem });
  if (json) out.json(key);
  else out.line(`trusted ${key.name} ${key.id}`);
}

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<TrustedKey>('keys');
  if (json) return out.json(page);
  out.table(
    ['NAME', 'KEY', 'TRUSTED'],
    page.items.map((key) => [key.name, key.id, key.trustedAt]),
  );
}
