import { type BinaryLike, hash } from 'node:crypto';
import { z } from 'zod';

/** `sha256:` and 64 lower-case hex digits. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')
  .meta({ id: 'Digest' });
export type Digest = string;

export function sha256Hex(bytes: BinaryLike): string {
  return hash('sha256', bytes as string, 'hex');
}

export function digestOf(bytes: BinaryLike): Digest {
  return `sha256:${sha256Hex(bytes)}`;
}
