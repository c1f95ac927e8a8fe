import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { digestOf } from '../../shared/digest.ts';
import { writeEnvelope } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { RulesOffer } from '../../shared/protocol.ts';
import { type Manifest, withNewerRules } from '../check/open-manifest.ts';
import { readSigned } from '../check/signed-file.ts';
import { writeDurably } from '../state/durable-file.ts';

export type OfferedEnvelope = RulesOffer['envelope'];

/** The rules that this agent judges by: those of the image, or newer ones that came through the server. */
export interface RulesInForce {
  /** Judged by them. Its entries stay those that were opened at the start. */
  readonly manifest: Manifest;
  /** Where newer ones lie, for the child that sweeps; undefined for those of the image. */
  readonly file: string | undefined;
  /** Whether these are the very ones. */
  has(envelope: OfferedEnvelope): boolean;
  /** What would judge, if they were taken. Errors: those of `withNewerRules`. */
  judgedBy(envelope: OfferedEnvelope): Manifest;
  /** On disk first, then in force. Errors: those of `withNewerRules`, IO. */
  take(envelope: OfferedEnvelope): Promise<void>;
}

/**
 * What lies in the state directory is checked as if it had just come: whoever can write there must not be able to loosen
 * the rules. What does not hold is as good as not there, and the server offers again.
 */
export function openRulesInForce(options: {
  readonly manifest: Manifest;
  readonly keys: readonly KeyObject[];
  readonly stateDir: string;
  readonly log: Logger;
}): RulesInForce {
  const { keys, log } = options;
  const path = join(options.stateDir, 'rules.dsse.json');
  let manifest = options.manifest;
  let digest: string | undefined;
  if (existsSync(path)) {
    try {
      const bytes = readSigned(path);
      manifest = withNewerRules(manifest, keys, () => bytes);
      digest = digestOfPayload(JSON.parse(bytes.toString('utf8')));
    } catch (error) {
      log.error(
        { path, reason: sentenceOf(error) },
        'the newer rules kept here do not hold: those of the image are used',
      );
    }
  }

  const judgedBy = (envelope: OfferedEnvelope) =>
    withNewerRules(manifest, keys, () => Buffer.from(writeEnvelope(envelope)));
  return {
    get manifest() {
      return manifest;
    },
    get file() {
      return digest === undefined ? undefined : path;
    },
    has: (envelope) => digestOfPayload(envelope) === digest,
    judgedBy,
    async take(envelope) {
      const newer = judgedBy(envelope);
      try {
        await writeDurably(path, writeEnvelope(envelope));
      } catch (cause) {
        throw new CodedError('IO', `the newer rules could not be kept: ${sentenceOf(cause)}`, cause);
      }
      manifest = newer;
      digest = digestOfPayload(envelope);
    },
  };
}

/** The name of an offer, for both ends. */
export function digestOfPayload({ payload }: Pick<OfferedEnvelope, 'payload'>): string {
  return digestOf(Buffer.from(payload, 'base64'));
}
