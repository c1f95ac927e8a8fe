import type { Random } from '../support/random.ts';

const bytesMax = 64 * 1024;
const interesting = [
  '\0',
  '\n',
  '\r\n',
  '\\',
  '"',
  '/',
  '..',
  '%',
  '{',
  '[',
  ':',
  '=',
  '#',
  '\xff',
  '\x1b[2J',
  '-1',
  '9'.repeat(20),
  '\u2028',
];

/** A few changes of one example, sometimes with a piece of another: flips, cuts, repeats, and what parsers trip over. */
export function mutate(random: Random, examples: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(examples));
  for (let count = 1 + random.below(6); count > 0; count--) bytes = changeOnce(random, bytes, examples);
  return bytes.subarray(0, bytesMax);
}

function changeOnce(random: Random, bytes: Buffer, examples: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(64));
  const insert = (piece: Buffer) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  switch (random.below(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = flipped[at]! ^ (1 << random.below(8));
      return flipped;
    }
    case 1: {
      const set = Buffer.from(bytes);
      set.fill(random.pick([0, 0x7f, 0x80, 0xff, 0x0a, 0x20]), at, end);
      return set;
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return insert(bytes.subarray(at, end));
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return insert(Buffer.from(random.pick(interesting), 'latin1'));
    case 6: {
      const other = random.pick(examples);
      const from = random.below(other.length + 1);
      return insert(other.subarray(from, from + random.below(256)));
    }
    default:
      return insert(Buffer.from(random.pick(interesting).repeat(1 + random.below(2_000)), 'latin1'));
  }
}
