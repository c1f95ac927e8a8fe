import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Digest, sha256Hex } from '../../shared/digest.ts';
import { readRegular } from '../collect/inside.ts';
import { markBytes, markTableOf, type Verified } from '../collect/marks.ts';
import { temporaryIn } from '../state/durable-file.ts';
import { mayBePrivileged } from './unparsed-line.ts';

/** Which files a sweep need not read again, and those that the next one need not. */
export interface VerifiedFiles {
  readonly verified: Verified;
  /** Notes that a path was found as baked. What a guard watches is read each time. */
  readonly keep: (line: string, mark: Uint8Array | undefined) => void;
  readonly save: () => void;
}

const Header = z.strictObject({
  schema: z.literal('pristine.verified/1'),
  image: Digest,
  /** When everything was last read, in milliseconds since 1970. */
  fullAt: z.number(),
  sha256: z.string(),
});

const dayMs = 24 * 3_600_000;
const settledMs = 2_000;
/** A million files are 16 MB. A larger set is not kept: everything is read. */
const fileBytesMax = 64 * 1_048_576;

/**
 * Opens the set of one image in a file of the state directory. Whatever is wrong with it, it is of another image, older
 * than a day or from the future: then it is empty, and everything is read.
 */
export function openVerifiedFiles(path: string, image: Digest, now: number): VerifiedFiles {
  const before = read(path, image, now);
  const verified = { table: markTableOf(before?.marks ?? new Uint8Array()), settledBefore: now - settledMs };
  const kept: Uint8Array[] = [];
  return {
    verified,
    keep: (line, mark) => {
      if (mark?.some((byte) => byte !== 0) && !mayBePrivileged(line)) kept.push(mark.slice());
    },
    save: () => {
      const marks = Buffer.concat(kept);
      const header = {
        schema: 'pristine.verified/1',
        image,
        fullAt: before?.fullAt ?? now,
        sha256: sha256Hex(marks),
      } satisfies z.infer<typeof Header>;
      if (marks.length > fileBytesMax / 2) rmSync(path, { force: true });
      else write(path, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), marks]));
    },
  };
}

function read(path: string, image: Digest, now: number) {
  try {
    const bytes = readRegular(path, fileBytesMax);
    const end = bytes.indexOf(10);
    const header = Header.parse(JSON.parse(bytes.toString('utf8', 0, end)));
    const marks = bytes.subarray(end + 1);
    const age = now - header.fullAt;
    const isGood = header.image === image && age >= 0 && age < dayMs && marks.length % markBytes === 0;
    return isGood && sha256Hex(marks) === header.sha256 ? { fullAt: header.fullAt, marks } : undefined;
  } catch {
    // Nothing is known then, and the sweep reads everything.
    return undefined;
  }
}

function write(path: string, bytes: Buffer): void {
  const temporary = temporaryIn(dirname(path));
  try {
    writeFileSync(temporary, bytes, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch {
    // A full disk costs the next sweep its speed, and this one nothing.
    rmSync(temporary, { force: true });
  }
}
