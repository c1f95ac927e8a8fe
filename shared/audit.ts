import { z } from 'zod';
import { canonicalJson, type Json } from './canonical-json.ts';
import { Digest, digestOf } from './digest.ts';

/** The audit: what people decided and what was done, each entry chained to the one before by its hash. */

const time = z.iso.datetime({ precision: 3 });

export const AuditEntry = z
  .object({
    n: z.int().positive().describe('1 is the first; none is left out'),
    at: time,
    actor: z.string().describe('the name of an access token, `admin`, or `server` for what it did by itself'),
    what: z.string().describe('the type of the event that told of it'),
    group: z.string().nullable(),
    instanceId: z.string().nullable(),
    replacementId: z.string().nullable(),
    before: Digest.nullable().describe('of the document that was changed, as it was'),
    after: Digest.nullable(),
    data: z.record(z.string(), z.unknown()),
    previous: Digest.describe('hash of the entry before; of nothing for the first'),
    hash: Digest.describe('sha256 of the RFC 8785 form of all the rest'),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const firstPrevious = digestOf('');

export function auditHash(entry: Omit<AuditEntry, 'hash'>): Digest {
  return digestOf(canonicalJson(entry as unknown as Json));
}

/** The last entry that is known to be right. */
export interface AuditHead {
  readonly n: number;
  readonly hash: Digest;
}

export const noHead: AuditHead = { n: 0, hash: firstPrevious };

/** What does not hold of entries that follow on `head`: the first that was changed, or is not there; else the new head. */
export function followChain(head: AuditHead, entries: readonly AuditEntry[]): AuditHead | { readonly wrong: string } {
  let last = head;
  for (const entry of entries) {
    const { hash, ...rest } = entry;
    if (entry.n !== last.n + 1) return { wrong: `entry ${last.n + 1} is not there: after ${last.n} comes ${entry.n}` };
    if (entry.previous !== last.hash)
      return { wrong: `entry ${entry.n} does not follow on ${last.n}: one of them was changed` };
    if (auditHash(rest) !== hash)
      return { wrong: `entry ${entry.n} was changed: its hash is not that of what it says` };
    last = { n: entry.n, hash };
  }
  return last;
}
