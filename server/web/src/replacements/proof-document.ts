import type { ProofStatement } from '../../../../shared/proof.ts';
import type { Envelope } from '../api/types.ts';

export interface ProofDocument {
  /** The signed statement as it stands, indented; text even where it is not what we expect. */
  readonly text: string;
  /** Its claims, as far as it has the shape of one of ours. */
  readonly predicate: ProofStatement['predicate'] | undefined;
}

/**
 * Reads what a proof says. It checks no signature: the envelope and the key would come from the same server, so a check
 * in this page would say nothing. `pristinectl proof verify` checks it with a key that its user holds.
 */
export function readProof(envelope: NonNullable<Envelope>): ProofDocument {
  const text = payloadText(envelope.payload);
  try {
    const statement = JSON.parse(text) as Partial<ProofStatement>;
    const known = statement.predicateType === 'urn:x-pristine:replacement-proof:v1';
    return { text: JSON.stringify(statement, null, 2), predicate: known ? statement.predicate : undefined };
  } catch {
    return { text, predicate: undefined };
  }
}

function payloadText(payload: string): string {
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return 'The payload is not base64.';
  }
}
