import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { constants, createZstdDecompress } from 'node:zlib';
import { CodedError } from '../../shared/errors.ts';
import { makeDirectory } from './make-directory.ts';

/** Of one image, compressed: ten times what a large system has. */
export const entriesFileBytesMax = 256 * 1_048_576;
/** Of all images. A push beyond it is refused: an image whose entries a look needs must not make room for another. */
const entriesBytesMax = 16 * 1_073_741_824;
/** As bake writes them: 8 MiB of window. */
const windowLogMax = 23;

/** What a signed manifest says of its entries. */
export interface EntriesClaim {
  /** sha256 of the uncompressed entries, in hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The entries of pushed images, as pushed, each in a file named after the digest that a trusted key has signed. */
export interface EntriesStore {
  /** The file; undefined where it is not kept. */
  fileOf(sha256: string): string | undefined;
  /** Takes in what is signed and nothing else. Errors: TOO_LARGE, DIGEST, IO. */
  put(claim: EntriesClaim, body: Readable): Promise<void>;
}

export function openEntriesStore(directory: string): EntriesStore {
  makeDirectory(directory, 0o700);
  // What a server that died had begun to take in.
  for (const name of readdirSync(directory)) if (name.endsWith('.tmp')) rmSync(join(directory, name), { force: true });
  const pathOf = (sha256: string) => join(directory, `${sha256}.zst`);
  return {
    fileOf: (sha256) => (existsSync(pathOf(sha256)) ? pathOf(sha256) : undefined),
    async put(claim, body) {
      const room = entriesBytesMax - (await bytesIn(directory));
      const draft = `${pathOf(claim.sha256)}.${randomBytes(4).toString('hex')}.tmp`;
      try {
        await receive(body, draft, Math.min(entriesFileBytesMax, room));
        await check(draft, claim);
        await rename(draft, pathOf(claim.sha256));
      } finally {
        await rm(draft, { force: true });
      }
    },
  };
}

async function receive(body: Readable, file: string, bytesMax: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new CodedError('TOO_LARGE', `expected at most ${bytesMax} bytes of entries`);
      await handle.write(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Never inflates more than was signed, a little over. */
async function check(file: string, { sha256, bytes: bytesSigned }: EntriesClaim): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  const source = createReadStream(file);
  const inflater = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLogMax } });
  source.on('error', (error) => inflater.destroy(error));
  try {
    for await (const chunk of source.pipe(inflater) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesSigned) break;
      hash.update(chunk);
    }
  } catch (cause) {
    throw new CodedError('DIGEST', 'the entries could not be inflated: they are damaged or cut short', cause);
  } finally {
    source.destroy();
    inflater.destroy();
  }
  if (bytes !== bytesSigned || hash.digest('hex') !== sha256)
    throw new CodedError('DIGEST', `expected ${bytesSigned} bytes of entries with the signed digest ${sha256}`);
}

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    bytes += await stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
