import type { KeyObject } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import type { Hole } from '../../shared/coverage.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Image } from '../../shared/image.ts';
import { encodeRaw, rawName } from '../../shared/name.ts';
import { compilePattern } from '../../shared/pattern.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import { type Manifest, openManifest } from '../check/open-manifest.ts';
import { verify } from '../check/verify.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { openRootView } from '../image/root-view.ts';
import type { Instance, Proposal } from './proposal.ts';
import { instancesMin, propose, widePatterns } from './propose.ts';

export interface LearnOptions {
  /** Directories of booted, untouched instances, or archives of them. */
  readonly roots: readonly string[];
  readonly manifest: string;
  readonly keys: readonly KeyObject[];
  readonly pool: ObserverPool;
  readonly clock: Clock;
  readonly onProgress: (root: string, looked: number, entries: number) => void;
}

export interface Learnt extends Proposal {
  readonly image: Image;
  readonly roots: readonly string[];
  /** What could not be looked at, and on which root. */
  readonly holes: readonly (Hole & { readonly root: string })[];
}

/** Sweeps each instance as `verify` does, and proposes. Errors: USAGE for fewer than three, and those of `verify`. */
export async function learn(options: LearnOptions): Promise<Learnt> {
  requireInstances(options.roots);
  const manifest = openManifest(options.manifest, options.keys);
  try {
    return await learnFrom(manifest, options);
  } finally {
    manifest.close();
  }
}

async function learnFrom(manifest: Manifest, options: LearnOptions): Promise<Learnt> {
  const instances: Instance[] = [];
  const holes: Learnt['holes'][number][] = [];
  for (const root of options.roots) {
    const { pool, clock, keys } = options;
    const onProgress = (looked: number, entries: number) => options.onProgress(root, looked, entries);
    const report = await verify({ root, manifest: options.manifest, keys, pool, clock, onProgress }).catch((error) => {
      throw error instanceof CodedError ? new CodedError(error.code, `${root}: ${error.message}`, error) : error;
    });
    holes.push(...report.coverage.holes.map((hole) => ({ root, ...hole })));
    instances.push({ findings: report.findings, words: await wordsOf(root, pool) });
  }
  const { image, rulebook } = manifest;
  const tooWide = await matchingBaked(manifest, widePatterns(instances));
  return { image, roots: options.roots, holes, ...propose(instances, rulebook, tooWide) };
}

/** Those of the patterns that match a baked file. Errors: DIGEST, ENTRIES. */
async function matchingBaked(manifest: Manifest, patterns: readonly string[]): Promise<ReadonlySet<string>> {
  const matching = new Set<string>();
  if (patterns.length === 0) return matching;
  const compiled = [...new Set(patterns)].map((pattern) => ({ pattern, matches: compilePattern(pattern) }));
  await checkStoredDigest(manifest);
  for await (const lines of readEntryLines(manifest)) {
    for (const line of lines) {
      const { subject, name } = parseEntryLine(line);
      if (subject !== 'file') continue;
      const path = rawName(name);
      for (const { pattern, matches } of compiled) if (matches(path)) matching.add(pattern);
    }
  }
  return matching;
}

/** Errors: USAGE. */
function requireInstances(roots: readonly string[]): void {
  if (roots.length < instancesMin) {
    throw new CodedError(
      'USAGE',
      `expected at least ${instancesMin} booted instances, got ${roots.length}: fewer cannot tell what every boot does from what happened once`,
    );
  }
  const real = roots.map(realPath);
  const twice = roots.find((_, index) => real.indexOf(real[index]!) !== index);
  if (twice !== undefined)
    throw new CodedError('USAGE', `${twice} is given twice: one instance says nothing of another`);
}

function realPath(root: string): string {
  try {
    return realpathSync(root);
  } catch (cause) {
    throw new CodedError('NOT_FOUND', `expected the root of an instance at ${root}, and could not find it`, cause);
  }
}

const wordBytesMax = 4_096;

/** What an instance calls itself may stand in names of its files. */
async function wordsOf(path: string, pool: ObserverPool): Promise<readonly string[]> {
  const root = await openRootView(path, { pool, platform: undefined, labels: false });
  try {
    return await root.read((files) =>
      ['/etc/machine-id', '/etc/hostname'].flatMap((file) => {
        try {
          const word = encodeRaw(files.read(file, wordBytesMax).toString('latin1').trim());
          return word === '' || word === 'localhost' || word === 'uninitialized' ? [] : [word];
        } catch {
          // It calls itself nothing that could be read.
          return [];
        }
      }),
    );
  } finally {
    root.close();
  }
}
