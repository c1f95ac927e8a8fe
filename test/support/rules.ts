import type { KeyObject } from 'node:crypto';
import { rulesStatement } from '../../agent/bake/statements.ts';
import { canonicalJson, type Json } from '../../shared/canonical-json.ts';
import { type Envelope, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import { Rule } from '../../shared/rules.ts';

/** Rules of the image name `web` in their envelope: as `pristine rules sign` writes them, or unsigned for a row. */
export function rulesEnvelope({
  sequence,
  rules = [],
  name = 'web',
  key,
}: {
  readonly sequence: number;
  readonly rules?: readonly unknown[];
  readonly name?: string;
  readonly key?: KeyObject;
}): Envelope {
  const statement = rulesStatement({
    ...{ image: { name }, sequence, profile: 'base', pseudoMounts: [] },
    rules: rules.map((rule) => Rule.parse(rule)),
  });
  const envelope = unsignedEnvelope(Buffer.from(canonicalJson(statement as Json)));
  return key === undefined ? envelope : signEnvelope(envelope, key);
}
