import type { KeyObject } from 'node:crypto';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { type Envelope, keyId } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { rulesPayloadMax } from '../../shared/protocol.ts';
import { RulesStatement, rulesDigest } from '../../shared/rules.ts';
import { openStatement } from '../../shared/statement.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { trustedPublicKeys } from '../store/key-store.ts';
import * as store from '../store/rules-store.ts';
import { hasSigned } from './images.ts';

/**
 * Takes in newer rules as a candidate: nothing judges by them yet. This end checks what agents will check again with
 * keys of their own; it holds no key that could sign any. Pushing the same candidate again changes nothing.
 * Errors: UNSIGNED, SIGNATURE, ENVELOPE, PAYLOAD_TYPE, STATEMENT, RULES, TOO_LARGE, NOT_FOUND, CONFLICT.
 */
export async function pushRules(db: Db, envelope: Envelope, now: number, actor = 'admin'): Promise<store.StoredRules> {
  return db.transaction().execute(async (tx) => {
    const rules = openRules(envelope, await trustedPublicKeys(tx), now);
    const known = await store.findRules(tx, rules.image, rules.sequence);
    if (known?.digest === rules.digest && known.state === 'candidate') return known;
    const highest = await store.highestSequence(tx, rules.image);
    if (highest === 0) throw new CodedError('NOT_FOUND', `there is no image of the name ${rules.image}`);
    if (rules.sequence <= highest) {
      throw new CodedError(
        'CONFLICT',
        `expected a sequence above ${highest}, which ${rules.image} has had, got ${rules.sequence}: sign them with a higher one`,
      );
    }
    await store.insertRules(tx, rules);
    await tell(tx, 'rules.pushed', rules, rules.pushedAt, actor);
    return rules;
  });
}

function openRules(envelope: Envelope, keys: readonly KeyObject[], now: number): store.StoredRules {
  if (envelope.payload.length > rulesPayloadMax) {
    throw new CodedError(
      'TOO_LARGE',
      `expected rules of at most ${rulesPayloadMax} characters in base64: no frame holds more`,
    );
  }
  const { statement, bytes } = openStatement(envelope, keys, RulesStatement);
  const { image, sequence } = statement.predicate;
  if (statement.subject[0]?.digest.sha256 !== rulesDigest(statement.predicate)) {
    throw new CodedError('RULES', 'the rules are not those that their statement names');
  }
  return {
    image: image.name,
    sequence,
    digest: digestOf(bytes),
    // Nothing unsigned goes on to agents: members that DSSE does not have are left out.
    envelope: {
      payload: envelope.payload,
      payloadType: envelope.payloadType,
      signatures: envelope.signatures.map(({ keyid = '', sig }) => ({ keyid, sig })),
    },
    state: 'candidate',
    signedBy: keys.filter((key) => hasSigned(envelope, key)).map(keyId),
    pushedAt: timestamp(now),
    activatedAt: null,
    endedAt: null,
  };
}

/** From now on agents are offered these rules to take. Errors: NOT_FOUND, CONFLICT. */
export async function activateRules(db: Db, image: string, sequence: number, now: number, actor = 'admin') {
  await change(db, image, sequence, 'rules.activated', store.activate, { now, actor });
}

/** Errors: NOT_FOUND, CONFLICT. */
export async function withdrawRules(db: Db, image: string, sequence: number, now: number, actor = 'admin') {
  await change(db, image, sequence, 'rules.withdrawn', store.withdraw, { now, actor });
}

async function change(
  db: Db,
  image: string,
  sequence: number,
  type: 'rules.activated' | 'rules.withdrawn',
  write: (tx: Db, image: string, sequence: number, at: string) => Promise<void>,
  { now, actor }: { readonly now: number; readonly actor: string },
): Promise<void> {
  const at = timestamp(now);
  await db.transaction().execute(async (tx) => {
    const rules = await store.findRules(tx, image, sequence);
    if (rules === undefined) throw new CodedError('NOT_FOUND', `there are no rules ${sequence} of ${image}`);
    if (rules.state !== 'candidate') {
      throw new CodedError('CONFLICT', `rules ${sequence} of ${image} are ${rules.state}, and no candidate any more`);
    }
    await write(tx, image, sequence, at);
    await tell(tx, type, rules, at, actor);
  });
}

async function tell(
  tx: Db,
  type: 'rules.pushed' | 'rules.activated' | 'rules.withdrawn',
  { image, sequence, digest }: store.StoredRules,
  at: string,
  actor: string,
): Promise<void> {
  await appendEvent(tx, { at, type, data: { image, sequence, digest, actor } });
}
