import { z } from 'zod';
import { Hole } from '../../shared/coverage.ts';
import { sha256Hex } from '../../shared/digest.ts';
import type { Entry } from '../../shared/entry.ts';
import { parseEntryLine, writeEntryLine } from '../../shared/entry-line.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { Rule } from '../../shared/rules.ts';
import { readRegular } from '../collect/inside.ts';
import { errnoOf } from '../collect/system-path.ts';
import { writeDurably } from '../state/durable-file.ts';

/** What stood, when boot had settled, wherever the rules pin. Kept in the state directory for as long as the instance lives. */
export interface PinSet {
  readonly entries: readonly Entry[];
  /** What could not be looked at then: of that nothing is known, and it is pinned when it is seen. */
  readonly unseen: readonly Hole[];
  /** Those that said what to pin. New rules may pin more. */
  readonly rules: readonly Rule[];
}

export const pinsMax = 10_000;
/** Of the file; a larger one is not written, and not read. */
export const pinsBytesMax = 16 * 1_048_576;

const Header = z.strictObject({
  schema: z.literal('pristine.pins/1'),
  unseen: z.array(Hole),
  rules: z.array(Rule),
  /** Of the lines, one an entry as in a manifest. */
  sha256: z.string(),
});

/** Undefined where there is no file. Errors: UNREADABLE, ENTRIES for one that is not as it was written. */
export function readPins(path: string): PinSet | undefined {
  let bytes: Buffer;
  try {
    bytes = readRegular(path, pinsBytesMax);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw new CodedError('UNREADABLE', `${path}: the pins cannot be read: ${sentenceOf(cause)}`, cause);
  }
  try {
    return parsePins(bytes);
  } catch (cause) {
    throw new CodedError('ENTRIES', `${path}: the pins are not as they were written: ${sentenceOf(cause)}`, cause);
  }
}

function parsePins(bytes: Buffer): PinSet {
  const end = bytes.indexOf(10);
  const { unseen, rules, sha256 } = Header.parse(JSON.parse(bytes.toString('utf8', 0, end)));
  const lines = bytes.subarray(end + 1);
  if (sha256Hex(lines) !== sha256) throw new Error('expected other bytes by their digest');
  const entries = lines.toString('utf8').split('\n').slice(0, -1).map(parseEntryLine);
  return { entries, unseen, rules };
}

/** Errors: ENTRIES past a limit, and what the system says. */
export async function writePins(path: string, { entries, unseen, rules }: PinSet): Promise<void> {
  const lines = entries.map((entry) => `${writeEntryLine(entry)}\n`).join('');
  const header: z.infer<typeof Header> = {
    schema: 'pristine.pins/1',
    unseen: [...unseen],
    rules: [...rules],
    sha256: sha256Hex(lines),
  };
  const text = `${JSON.stringify(header)}\n${lines}`;
  if (entries.length > pinsMax || Buffer.byteLength(text) > pinsBytesMax) {
    throw new CodedError('ENTRIES', `expected at most ${pinsMax} pinned entries, got ${entries.length}`);
  }
  await writeDurably(path, text);
}
