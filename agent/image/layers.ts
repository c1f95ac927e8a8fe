import { createHash, type Hash } from 'node:crypto';
import { CodedError } from '../../shared/errors.ts';
import { applyLayer } from './apply-layer.ts';
import { archiveError } from './archive-error.ts';
import { type Budget, type ByteSource, inflated } from './byte-source.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';
import { type Directory, newDirectory, putEntry } from './tree.ts';

/** `sha256:…` or `sha512:…`, as image-spec writes digests. */
export type Digest = string;

export interface Layer {
  readonly source: ByteSource;
  /** Of the bytes as they lie there, where something names it. */
  readonly blob?: Digest;
  /** Of what they inflate to. */
  readonly diffId: Digest;
}

/** More entries than that in one tar are none of a system's. */
const entriesMax = 10_000_000;

/** The tree of a root tar. Errors: ARCHIVE. */
export async function readRootTar(source: ByteSource, budget: Budget): Promise<Directory> {
  const root = newDirectory();
  let entries = 0;
  for await (const entry of tarEntries(source.open(0), budget, { mayStop: false })) {
    if (++entries > entriesMax) throw archiveError(`the tar has more than ${entriesMax} entries`);
    putEntry(root, entry, source);
  }
  if (entries === 0) throw archiveError('the tar is empty');
  return root;
}

/** The tree of an image: its layers one over the other, the lowest first. Errors: ARCHIVE, DIGEST. */
export async function readLayers(layers: readonly Layer[], budget: Budget): Promise<Directory> {
  const root = newDirectory();
  for (const layer of layers) await readLayer(root, layer, budget);
  return root;
}

async function readLayer(root: Directory, { source, blob, diffId }: Layer, budget: Budget): Promise<void> {
  const stored = blob === undefined ? undefined : openDigester(blob);
  const content = openDigester(diffId);
  const plain = await inflated(stored === undefined ? source : digesting(source, stored), budget);
  const entries: TarEntry[] = [];
  for await (const entry of tarEntries(digesting(plain, content).open(0), budget, { mayStop: true })) {
    if (entries.push(entry) > entriesMax) throw archiveError(`a layer has more than ${entriesMax} entries`);
  }
  // An inflater does not read what follows its last frame; what nobody read was not digested either.
  if (stored !== undefined) {
    await drain(digesting(source, stored).open(stored.bytes()));
    stored.check('a layer');
  }
  content.check('the content of a layer');
  applyLayer(root, entries, await inflated(source, budget));
}

interface Digester {
  readonly update: (bytes: Buffer) => void;
  readonly bytes: () => number;
  /** Errors: DIGEST. */
  readonly check: (what: string) => void;
}

/** Errors: ARCHIVE for a digest that is none. */
export function openDigester(digest: Digest): Digester {
  const [algorithm, hex] = digestParts(digest);
  const hasher: Hash = createHash(algorithm);
  let bytes = 0;
  return {
    update: (chunk) => {
      bytes += chunk.length;
      hasher.update(chunk);
    },
    bytes: () => bytes,
    check: (what) => {
      const got = hasher.digest('hex');
      if (got !== hex)
        throw new CodedError('DIGEST', `expected ${what} with digest ${digest}, got ${algorithm}:${got}`);
    },
  };
}

/** Errors: ARCHIVE. */
export function digestParts(digest: Digest): readonly [algorithm: string, hex: string] {
  const match = /^(sha256):([0-9a-f]{64})$|^(sha512):([0-9a-f]{128})$/.exec(digest);
  if (match === null) throw archiveError(`expected a sha256 or sha512 digest, got ${digest.slice(0, 200)}`);
  return [(match[1] ?? match[3])!, (match[2] ?? match[4])!];
}

/** Whatever is read passes by the digester, each byte once, however often it is begun anew. */
function digesting(source: ByteSource, digester: Digester): ByteSource {
  return {
    seekable: source.seekable,
    open: async function* (start) {
      let position = start;
      for await (const chunk of source.open(start)) {
        const known = digester.bytes() - position;
        if (known >= 0 && known < chunk.length) digester.update(chunk.subarray(known));
        position += chunk.length;
        yield chunk;
      }
    },
  };
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}
