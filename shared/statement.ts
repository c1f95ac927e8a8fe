import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type Envelope, inTotoPayloadType, verifyEnvelope } from './dsse.ts';
import { CodedError } from './errors.ts';

/** in-toto Statement v1 (in-toto/attestation, spec/v1/statement.md) around a predicate of ours. */
export function statementOf<P extends z.ZodType, T extends string>(predicateType: T, predicate: P) {
  return z.object({
    _type: z.literal('https://in-toto.io/Statement/v1'),
    subject: z
      .array(z.object({ name: z.string(), digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }) }))
      .min(1),
    predicateType: z.literal(predicateType),
    predicate,
  });
}

/**
 * From envelope to statement in the one safe order: signature over the received bytes, then type, then schema.
 * Nothing of the payload is parsed before it is verified. Errors: UNSIGNED, SIGNATURE, PAYLOAD_TYPE, STATEMENT.
 */
export function openStatement<S extends z.ZodType>(
  envelope: Envelope,
  keys: readonly KeyObject[],
  schema: S,
): { readonly statement: z.infer<S>; readonly bytes: Buffer } {
  const bytes = verifyEnvelope(envelope, keys);
  if (envelope.payloadType !== inTotoPayloadType) {
    throw new CodedError('PAYLOAD_TYPE', `expected ${inTotoPayloadType}, got ${envelope.payloadType}`);
  }
  return { statement: parseStatement(bytes, schema), bytes };
}

/** Errors: STATEMENT. */
export function parseStatement<S extends z.ZodType>(bytes: Buffer, schema: S): z.infer<S> {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : 'not JSON';
    throw new CodedError('STATEMENT', `the signed statement is not of the expected kind: ${detail}`, cause);
  }
}
