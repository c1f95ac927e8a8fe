import { createHash } from 'node:crypto';
import { newBudget } from '../../agent/image/byte-source.ts';
import {
  ImageConfig,
  ImageIndex,
  ImageManifest,
  parseDocument,
  SavedImages,
} from '../../agent/image/image-documents.ts';
import { type Layer, readLayers, readRootTar } from '../../agent/image/layers.ts';
import { parsePax, paxName, paxNumber, paxXattrs } from '../../agent/image/pax.ts';
import { checkStretches, leadingStretches, listedStretches } from '../../agent/image/sparse.ts';
import { parseHeader } from '../../agent/image/tar-header.ts';
import { headerOf, paxOf, tarOf } from '../support/tar.ts';
import { joined, sourceOf, twoOf } from './bytes.ts';
import type { Target } from './targets.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 3 };
const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };

const plainTar = tarOf([
  { name: 'etc/', flag: '5' },
  { name: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n', pax: { 'SCHILY.xattr.user.note': 'x', uid: '7' } },
  { name: 'etc/link', flag: '2', linkName: 'passwd' },
  { name: 'etc/hard', flag: '1', linkName: 'etc/passwd' },
  { name: 'dev/zero', flag: '3' },
]);
const longTar = tarOf([
  { name: '././@LongLink', flag: 'L', content: `${'d/'.repeat(70)}f\0` },
  { name: 'short', content: 'x' },
]);
const sparsePax = {
  'GNU.sparse.major': '1',
  'GNU.sparse.minor': '0',
  'GNU.sparse.name': 'f',
  'GNU.sparse.realsize': '4096',
};
const sparseTar = tarOf([{ name: 'GNUSparseFile.0/f', content: `1\n0\n3\n${'\0'.repeat(506)}abc`, pax: sparsePax }]);
const upperTar = tarOf([
  { name: 'etc/.wh.passwd' },
  { name: 'var/.wh..wh..opq' },
  { name: 'etc', flag: '5', mode: 0o700 },
  { name: 'etc/new', content: 'new' },
]);

/** How much one input may inflate to, far below what a real image may. */
const imageBytesMax = 16 * 1_048_576;

export const imageTargets: readonly Target[] = [
  { name: 'tar', examples: [plainTar, longTar, sparseTar], run: (input) => rootOf(input) },
  // With checksums that fit, or nothing behind them is ever reached.
  {
    name: 'tar of whole headers',
    examples: [plainTar, longTar, sparseTar],
    run: (input) => rootOf(withChecksums(input)),
  },
  {
    name: 'tar header',
    examples: [headerOf({ name: 'a', flag: '3' }, 0), headerOf({ name: 'b' }, 5)],
    run: (input) => parseHeader(withChecksums(Buffer.concat([input, Buffer.alloc(512)]).subarray(0, 512))),
  },
  {
    name: 'tar records',
    examples: [paxOf({ path: 'a', size: '1', 'SCHILY.xattr.user.a%3Db': 'v', 'LIBARCHIVE.xattr.user.c': 'djE' })],
    run: (input) => {
      const records = parsePax(input);
      return [paxName(records, 'path'), paxNumber(records, 'size'), paxXattrs(records)];
    },
  },
  {
    name: 'tar sparse map',
    examples: [Buffer.from('2\n0\n3\n8\n4\n'), Buffer.from('0,3,8,4')],
    run: (input) => {
      const text = input.toString('latin1');
      return checkStretches(text.includes('\n') ? leadingStretches(text) : listedStretches(text), 4_096, 7);
    },
  },
  {
    name: 'image layers',
    examples: [joined(plainTar, upperTar)],
    run: (input) => {
      const [lower, upper] = twoOf(input);
      return readLayers([layerOf(lower), layerOf(withChecksums(upper))], newBudget(imageBytesMax));
    },
  },
  document('image index', ImageIndex, { schemaVersion: 2, manifests: [{ ...descriptor, platform }] }),
  document('image manifest', ImageManifest, { schemaVersion: 2, config: descriptor, layers: [descriptor, descriptor] }),
  document('image config', ImageConfig, { ...platform, rootfs: { type: 'layers', diff_ids: [digest] } }),
  document('saved images', SavedImages, [{ Config: 'a.json', RepoTags: ['web:7'], Layers: ['a/layer.tar'] }]),
];

function document(name: string, schema: Parameters<typeof parseDocument>[0], example: object): Target {
  return {
    name,
    examples: [Buffer.from(JSON.stringify(example))],
    run: (input) => parseDocument(schema, name, input),
  };
}

function rootOf(input: Buffer) {
  return readRootTar(sourceOf(input), newBudget(imageBytesMax));
}

/** Its digest fits whatever it holds: whoever signs an image signs that. */
function layerOf(bytes: Buffer): Layer {
  return { source: sourceOf(bytes), diffId: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

/** Mends the checksum of every block that looks like a header (ustar, POSIX). */
function withChecksums(input: Buffer): Buffer {
  const mended = Buffer.from(input);
  for (let at = 0; at + 512 <= mended.length; at += 512) {
    const block = mended.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.write('        ', 148, 'latin1');
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return mended;
}
