import { archiveError } from './archive-error.ts';
import { numberIn } from './tar-header.ts';

/** A stretch of a file's bytes that an archive holds; all between is zeros. */
export interface Stretch {
  /** Where it begins in the file. */
  readonly at: number;
  readonly length: number;
}

/** More holes than that in one file serve no one. */
const stretchesMax = 100_000;

/** Pure: checks that stretches stand in order, apart, within the file, and are as long together as what is stored. Errors: ARCHIVE. */
export function checkStretches(stretches: readonly Stretch[], size: number, stored: number): readonly Stretch[] {
  let end = 0;
  let sum = 0;
  for (const { at, length } of stretches) {
    if (at < end || at + length > size) throw archiveError('the map of a sparse file in the tar contradicts itself');
    end = at + length;
    sum += length;
  }
  if (sum !== stored || stretches.length > stretchesMax) {
    throw archiveError('the map of a sparse file in the tar is not of what is stored');
  }
  return stretches.filter(({ length }) => length > 0);
}

/** Pairs of numbers as GNU's old format has them in a header (4) or an extension block (21). */
export function oldStretches(block: Buffer, start: number, count: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (let index = 0; index < count; index++) {
    const offset = start + index * 24;
    if (block[offset] === 0) break;
    stretches.push({ at: numberIn(block, offset, 12, 'map'), length: numberIn(block, offset + 12, 12, 'map') });
  }
  return stretches;
}

/** `at,length,at,length`, of format 0.1. */
export function listedStretches(text: string): readonly Stretch[] {
  return pairs(text.split(','));
}

/** How many lines the map before the data of format 1.0 has: the first says a count, and a pair is two. Errors: ARCHIVE. */
export function mapLines(text: string): number {
  const count = numberOf(text.slice(0, text.indexOf('\n')));
  if (count > stretchesMax) throw archiveError(`a sparse file in the tar has more than ${stretchesMax} stretches`);
  return 1 + 2 * count;
}

/** That map, whole: one number a line. */
export function leadingStretches(text: string): readonly Stretch[] {
  return pairs(text.split('\n').slice(1, mapLines(text)));
}

function pairs(numbers: readonly string[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    stretches.push({ at: numberOf(numbers[index]!), length: numberOf(numbers[index + 1]!) });
  }
  return stretches;
}

function numberOf(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw archiveError('the map of a sparse file in the tar holds what is no number');
  return value;
}
