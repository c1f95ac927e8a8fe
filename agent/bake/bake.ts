import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Skip } from '../../shared/coverage.ts';
import { digestOf } from '../../shared/digest.ts';
import { writeEntryLine } from '../../shared/entry-line.ts';
import type { FactEntry } from '../../shared/fact.ts';
import type { Image } from '../../shared/image.ts';
import { manifestFiles } from '../../shared/manifest.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { profileFor, profileNamed } from '../../shared/profile.ts';
import type { BakeConfig } from '../../shared/rules.ts';
import { openTexts } from '../../shared/texts.ts';
import { collectFacts } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { newTally, reasonIn, type Tally } from '../collect/observe.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import type { RootPrefix } from '../collect/system-path.ts';
import type { Platform } from '../image/platform-choice.ts';
import { openRootView, type RootView } from '../image/root-view.ts';
import { openTextKeeper, type TextKeeper } from '../texts/baked-texts.ts';
import { type BakeScope, bakeScope, refuse } from './bake-scope.ts';
import { openOutput } from './output.ts';
import { osReleaseOf, platformOf } from './platform.ts';
import { manifestStatement, rulesPredicate, rulesStatement, writeSigned } from './statements.ts';
import { openEntriesWriter, type WrittenEntries } from './write-entries.ts';

export interface BakeOptions {
  /** A directory, or an image that is not unpacked. */
  readonly root: string;
  /** Of an image for several: the one that is meant. */
  readonly platform?: Platform | undefined;
  readonly image: { readonly name: string; readonly version: string };
  readonly out: string;
  readonly config: BakeConfig;
  readonly key: KeyObject | undefined;
  readonly pool: ObserverPool;
  readonly toolVersion: string;
  /** Told now and then how many paths were looked at. */
  readonly onProgress: (paths: number) => void;
}

export interface Baked {
  readonly image: Image;
  readonly entries: number;
  readonly filesHashed: number;
  readonly bytesHashed: number;
  readonly skipped: readonly Skip[];
  readonly packages: number;
  /** Public text that is kept, so that changes of it can be shown. */
  readonly texts: number;
  /** The profile whose rules follow those of the configuration. */
  readonly profile: string;
}

/** Errors: NOT_FOUND, FILE_EXISTS, UNREADABLE, UNSTABLE, ARCHIVE, DIGEST, IO. */
export async function bake(options: BakeOptions): Promise<Baked> {
  const root = await openBakeRoot(options);
  try {
    return await bakeRoot(root, options);
  } finally {
    root.close();
  }
}

/** Errors: NOT_FOUND; of an image USAGE, ARCHIVE, DIGEST, UNSTABLE, IO. */
export function openBakeRoot({ root, pool, platform }: Pick<BakeOptions, 'root' | 'pool' | 'platform'>) {
  return openRootView(root, { pool, platform, labels: true });
}

/**
 * Records a root in a manifest directory: facts about everything, and the rules that will judge them. Writes nothing where
 * anything could not be measured. Errors: FILE_EXISTS, UNREADABLE, UNSTABLE, ARCHIVE, IO.
 */
export async function bakeRoot(
  root: RootView,
  options: Omit<BakeOptions, 'root' | 'pool' | 'platform'>,
): Promise<Baked> {
  const output = openOutput(options.out);
  try {
    const { release, platform, facts } = await readFacts(root);
    const rules = rulesPredicate({
      imageName: options.image.name,
      config: options.config,
      profile: profileNamed(options.config.profile) ?? profileFor(release),
    });
    const scope = bakeScope({
      mounts: root.mounts(),
      pseudoMounts: rules.pseudoMounts,
      target: within(root.prefix, output.target),
      draft: within(root.prefix, output.draft),
    });
    const tally = newTally();
    const texts = openTextKeeper(openTexts(rules));
    const entries = await writeEntries(join(output.draft, manifestFiles.entries), root, scope, facts, tally, {
      ...options,
      texts,
    });
    const statement = manifestStatement({
      image: options.image,
      platform,
      entries,
      notBaked: scope.skipped,
      toolVersion: options.toolVersion,
    });
    const bytes = writeSigned(join(output.draft, manifestFiles.manifest), statement, options.key);
    writeSigned(join(output.draft, manifestFiles.rules), rulesStatement(rules), options.key);
    const kept = await texts.write(root, output.draft);
    output.publish();
    return {
      image: { ...options.image, digest: digestOf(bytes) },
      entries: entries.lines,
      ...tally,
      skipped: scope.skipped,
      packages: facts.filter(({ subject }) => subject === 'package').length,
      texts: kept,
      profile: rules.profile,
    };
  } catch (error) {
    output.discard();
    throw error;
  }
}

async function writeEntries(
  path: string,
  root: RootView,
  scope: BakeScope,
  facts: readonly FactEntry[],
  tally: Tally,
  { onProgress, texts }: Pick<BakeOptions, 'onProgress'> & { readonly texts: TextKeeper },
): Promise<WrittenEntries & { readonly labels: boolean }> {
  const writer = openEntriesWriter(path);
  const linesOf = (chosen: readonly FactEntry[]) => chosen.map(writeEntryLine);
  try {
    await writer.write(linesOf(facts.filter(({ subject }) => subject < 'file')));
    let looked = 0;
    let labels = false;
    for await (const { paths, observations } of root.observe(scope, tally)) {
      for (const [index, line] of observations.entries()) {
        const reason = reasonIn(line);
        if (reason !== undefined) refuse(encodeRaw(paths[index]!), reason);
        labels ||= line.includes('"selinux":');
        if (line !== '') texts.see(paths[index]!, line);
      }
      await writer.write(observations.filter((line) => line !== ''));
      looked += paths.length;
      onProgress(looked);
    }
    await writer.write(linesOf(facts.filter(({ subject }) => subject > 'file')));
    return { ...(await writer.finish()), labels };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** Errors: UNREADABLE, ARCHIVE. */
async function readFacts(root: RootView) {
  const { release, platform, collected } = await root.read((files) => {
    const release = osReleaseOf(files);
    const platform = platformOf(release, root.arch);
    return { release, platform, collected: collectFacts(files, platform.distro, collectors) };
  });
  for (const { name, reason } of collected.holes) refuse(name, reason);
  return { release, platform, facts: collected.entries };
}

/** A path of this machine as a name in the root, where it lies there. */
function within(root: RootPrefix | undefined, path: string): RawName | undefined {
  const raw = Buffer.from(path).toString('latin1');
  return root !== undefined && raw.startsWith(`${root}/`) ? raw.slice(root.length) : undefined;
}
