import type { KeyObject } from 'node:crypto';
import { groupFindings, type PackageGroup } from '../../shared/attribution.ts';
import { type Clock, timestamp } from '../../shared/clock.ts';
import type { Coverage } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Report } from '../../shared/report.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { decideVerdict } from '../../shared/verdict.ts';
import { collectFacts } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { readMounts } from '../collect/mounts.ts';
import { newTally } from '../collect/observe.ts';
import { observeTree } from '../collect/observe-tree.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { attributeFiles } from '../collect/packages/attribute-files.ts';
import { directoryRoot } from '../collect/root.ts';
import { type OpenRoot, openRoot } from '../collect/system-path.ts';
import { compareFacts, compareFiles } from './compare-streams.ts';
import { checkStoredDigest } from './digest.ts';
import { openCursor } from './entry-cursor.ts';
import { readEntryLines } from './entry-lines.ts';
import { openHoleList } from './hole-list.ts';
import { openJudge } from './judge.ts';
import { type Manifest, openManifest } from './open-manifest.ts';
import { openVerifiedFiles, type VerifiedFiles } from './verified-files.ts';
import { verifyScope } from './verify-scope.ts';

export interface VerifyOptions {
  readonly root: string;
  readonly manifest: string;
  readonly keys: readonly KeyObject[];
  readonly pool: ObserverPool;
  readonly clock: Clock;
  /** A file that remembers what need not be read again (`verified-files.ts`). Without one, everything is. */
  readonly verifiedFile?: string | undefined;
  readonly onProgress: (looked: number, entries: number) => void;
}

/**
 * A sweep: opens the manifest, then compares everything with it. Errors: those of `openManifest`, and DIGEST, ENTRIES,
 * NOT_FOUND, IO; whoever reports them says `unverifiable`.
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  const startedAt = timestamp(options.clock.now());
  const manifest = openManifest(options.manifest, options.keys);
  try {
    const { findings, coverage } = await sweep(manifest, options);
    const packages = packagesOf(options.root, findings);
    return {
      schema: 'pristine.report/1',
      image: manifest.image,
      rules: manifest.rules.sequence,
      root: options.root,
      startedAt,
      finishedAt: timestamp(options.clock.now()),
      verdict: decideVerdict({
        severities: findings.map(({ severity }) => severity),
        holes: coverage.holes.length,
        scanned: true,
        expired: false,
      }),
      coverage,
      findings: [...findings],
      ...(packages.length > 0 && { packages }),
      summary: summaryOf(findings),
    };
  } finally {
    manifest.close();
  }
}

async function sweep(
  manifest: Manifest,
  { root: rootPath, pool, onProgress, verifiedFile, clock }: VerifyOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly coverage: Coverage }> {
  const verified =
    verifiedFile === undefined ? undefined : openVerifiedFiles(verifiedFile, manifest.image.digest, clock.now());
  const root = openRoot(rootPath, {
    labels: hasLabels(manifest.statement.predicate.scheme),
    ...(verified && { verified: verified.table }),
  });
  try {
    const swept = await sweepRoot(manifest, root, pool, onProgress, verified?.keep);
    verified?.save();
    return swept;
  } finally {
    root.close();
  }
}

async function sweepRoot(
  manifest: Manifest,
  root: OpenRoot,
  pool: ObserverPool,
  onProgress: VerifyOptions['onProgress'],
  keep?: VerifiedFiles['keep'],
): Promise<{ readonly findings: readonly Finding[]; readonly coverage: Coverage }> {
  const holes = openHoleList();
  const scope = verifyScope(manifest, readMounts(root.prefix), holes);
  const judge = openJudge(scope, holes);
  const tally = newTally();
  const { lines } = manifest.statement.predicate.entries;

  // The threads read files from here on, while this one checks the digest. Nothing is judged before it has.
  const observed = observeTree(pool, root, scope, tally);
  const facts = collectFacts(directoryRoot(root.prefix), manifest.statement.predicate.platform.distro, collectors);
  for (const hole of facts.holes) holes.add(hole);
  await checkStoredDigest(manifest);
  const cursor = openCursor(readEntryLines(manifest));
  const before = facts.entries.filter(({ subject }) => subject < 'file');
  const after = facts.entries.filter(({ subject }) => subject > 'file');
  let checked = await compareFacts(cursor, before, judge, 'file');
  checked += await compareFiles(cursor, observed, judge, (looked) => onProgress(looked, lines), keep);
  checked += await compareFacts(cursor, after, judge);

  return {
    findings: judge.findings(),
    coverage: {
      entries: lines,
      checked,
      ...tally,
      mounts: [...scope.mounts()],
      skipped: [...scope.skipped()],
      holes: [...holes.all()],
    },
  };
}

/** Only what is found has an owner worth knowing. The root was there a moment ago; one that has gone explains nothing. */
function packagesOf(rootPath: string, findings: readonly Finding[]): PackageGroup[] {
  if (findings.length === 0) return [];
  const root = openRoot(rootPath, { labels: false });
  try {
    const files = findings.filter(({ subject }) => subject === 'file').map(({ name }) => name);
    return [...groupFindings(findings, attributeFiles(directoryRoot(root.prefix), files)).groups];
  } finally {
    root.close();
  }
}

export function summaryOf(findings: readonly Finding[]): Report['summary'] {
  const summary = { added: 0, removed: 0, modified: 0 };
  for (const { change } of findings) summary[change]++;
  return summary;
}
