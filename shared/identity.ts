import { z } from 'zod';
import { Digest, digestOf } from './digest.ts';
import type { FileEntry } from './entry.ts';
import { type Finding, fingerprintOf } from './finding.ts';

/** What tells one machine from another, of those files that each makes for itself. */
export const Identity = z.strictObject({ name: z.string().min(1).max(255), digest: Digest }).meta({
  id: 'Identity',
  description: 'A file by which a machine is known, and a digest that is no use to find its content.',
});
export type Identity = z.infer<typeof Identity>;

/** Of one instance. There are a handful; more are not told. */
export const identitiesMax = 64;

const identityFile = /^\/etc\/(machine-id|ssh\/ssh_host_[A-Za-z0-9-]{1,64}_key\.pub)$/;
const aboveIdentities = ['/', '/etc', '/etc/ssh'];

/** Whether an identity may be there or beneath. */
export function mayHoldIdentity(name: string): boolean {
  return identityFile.test(name) || aboveIdentities.includes(name);
}

/** An empty machine-id, and one that waits for the first boot (machine-id(5)). */
const nobodys = ['', '\n', 'uninitialized', 'uninitialized\n'].map(digestOf);

/**
 * The identity that a file is, if it is one. A machine-id must not leave its machine, not even as a plain digest, since
 * applications make secrets from it: what is told is good for being compared with another machine's, and for nothing else.
 */
export function identityOf({ name, type, content }: FileEntry): Identity | undefined {
  if (type !== 'file' || content === undefined || nobodys.includes(content) || !identityFile.test(name))
    return undefined;
  return { name, digest: digestOf(`pristine identity\n${name}\n${content}`) };
}

/** Of findings that the server alone makes, since no instance can know them of itself. */
export const identitySubject = 'identity';
export const identityRule = 'guard identity';

/** What several instances have that only one may have. Equal content is one drift, however many instances share it. */
export function sharedIdentity({ name, digest }: Identity): Finding {
  const difference = {
    subject: identitySubject,
    name,
    change: 'modified' as const,
    attributes: ['identity'],
    expected: { identity: 'of this instance alone' },
    actual: { identity: digest },
  };
  return { fingerprint: fingerprintOf(difference), ...difference, severity: 'high', rule: identityRule };
}
