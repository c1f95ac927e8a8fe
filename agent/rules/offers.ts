import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { writeEnvelope } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { RulesAnswer, RulesOffer } from '../../shared/protocol.ts';
import type { Scan } from '../scan.ts';
import { writeAtomically } from '../state/durable-file.ts';
import { previewOf } from './preview.ts';
import { digestOfPayload, type OfferedEnvelope, type RulesInForce } from './rules-in-force.ts';

/** Sweeps by the rules in a file, or by those of the image, and keeps nothing of what it finds. */
export type TrialSweep = (
  judged: { readonly rules: number; readonly file: string | undefined },
  signal: AbortSignal,
) => Promise<Scan>;

export interface RulesOffers {
  /** Of each use the last one waits: a server that offers much makes an agent do no more. */
  note(offer: RulesOffer): void;
  /** Does what was offered. True when other rules are in force now. */
  follow(signal: AbortSignal): Promise<boolean>;
}

/** What the server offers, checked again by this agent's own keys: the server carries rules and cannot make any. */
export function createRulesOffers(options: {
  readonly inForce: RulesInForce;
  readonly stateDir: string;
  readonly sweep: TrialSweep;
  say(answer: RulesAnswer): void;
  readonly log: Logger;
}): RulesOffers {
  const { inForce, log } = options;
  const waiting: { preview?: OfferedEnvelope | undefined; force?: OfferedEnvelope | undefined } = {};
  let isPreviewing = false;

  const refuse = (use: RulesOffer['use'], envelope: OfferedEnvelope, error: unknown) => {
    const code = error instanceof CodedError ? error.code : 'INTERNAL';
    const message = sentenceOf(error).slice(0, 1_000);
    log.error({ use, code, reason: message }, 'the rules that the server offers are refused');
    options.say({ type: 'rules-refused', digest: digestOfPayload(envelope), use, code, message });
  };

  return {
    note({ use, envelope }) {
      waiting[use] = envelope;
    },
    async follow(signal) {
      void previewWaiting(signal);
      const envelope = waiting.force;
      waiting.force = undefined;
      if (envelope === undefined || inForce.has(envelope)) return false;
      try {
        await inForce.take(envelope);
        log.info({ rules: inForce.manifest.rules.sequence }, 'newer rules are in force');
        return true;
      } catch (error) {
        refuse('force', envelope, error);
        return false;
      }
    },
  };

  /** One at a time, beside the agent's own sweeps: no state and no verdict rests on it. */
  async function previewWaiting(signal: AbortSignal): Promise<void> {
    if (isPreviewing) return;
    isPreviewing = true;
    for (let envelope = waiting.preview; envelope !== undefined && !signal.aborted; envelope = waiting.preview) {
      waiting.preview = undefined;
      try {
        options.say(await preview(envelope, signal));
      } catch (error) {
        if (!signal.aborted) refuse('preview', envelope, error);
      }
    }
    isPreviewing = false;
  }

  async function preview(envelope: OfferedEnvelope, signal: AbortSignal) {
    const { rules } = inForce.judgedBy(envelope);
    const file = join(options.stateDir, 'rules-preview.dsse.json');
    await writeAtomically(file, writeEnvelope(envelope));
    try {
      const before = await options.sweep({ rules: inForce.manifest.rules.sequence, file: inForce.file }, signal);
      const after = await options.sweep({ rules: rules.sequence, file }, signal);
      return previewOf(digestOfPayload(envelope), before, after);
    } finally {
      await rm(file, { force: true });
    }
  }
}
