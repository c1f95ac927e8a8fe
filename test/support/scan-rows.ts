import fc from 'fast-check';
import type { ReportDraft } from '../../agent/report/report-builder.ts';
import type { Scan } from '../../agent/scan.ts';
import type { Hole } from '../../shared/coverage.ts';
import { digestOf } from '../../shared/digest.ts';
import { type Finding, fingerprintOf } from '../../shared/finding.ts';
import { stateDigest } from '../../shared/state-digest.ts';
import { aCoverage, aFinding, aTime } from './builders.ts';

/** Rows of scans of a small world, and what a server makes of their reports. */
export const names = ['/a', '/a/b', '/a/b/c', '/a-b', '/d', '/d/e'] as const;
const places = ['/', ...names] as const;
export const baseline = { image: digestOf('web@7'), rules: 1 };

/** What is wrong with a name now: a version of its content, or nothing. */
export type World = Readonly<Record<string, number | undefined>>;
export interface Step {
  readonly world: World;
  readonly holes: readonly string[];
  /** Names of a check; a sweep without. */
  readonly looked: readonly string[] | undefined;
}

export const step: fc.Arbitrary<Step> = fc.record({
  world: fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }), { maxKeys: 4 }),
  holes: fc.uniqueArray(fc.constantFrom(...places), { maxLength: 2 }),
  looked: fc.option(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }), { nil: undefined }),
});

export function sweep(findings: readonly Finding[], holes: readonly Hole[] = []): Scan {
  const coverage = aCoverage({ holes: [...holes] });
  return { kind: 'sweep', startedAt: aTime, finishedAt: aTime, findings, coverage };
}

export function check(looked: readonly string[], findings: readonly Finding[], holes: readonly Hole[] = []) {
  const scopes = looked.map((name) => ({ subject: 'file', name }));
  return { ...sweep(findings, holes), kind: 'check' as const, looked: scopes };
}

export function scanOf({ world, holes, looked }: Step): Scan {
  const isSeen = (name: string) => looked === undefined || looked.some((one) => isWithin(name, one));
  const seen = names.filter(
    (name) => world[name] !== undefined && isSeen(name) && !holes.some((hole) => isWithin(name, hole)),
  );
  const findings = seen.map((name) => findingOf(name, world[name]!));
  const met = holes.filter(isSeen).map((name): Hole => ({ subject: 'file', name, reason: 'unreadable' }));
  return looked === undefined ? sweep(findings, met) : check(looked, findings, met);
}

function findingOf(name: string, version: number): Finding {
  const severity = (['info', 'low', 'high', 'medium'] as const)[version]!;
  const finding = aFinding({ name, severity, actual: { content: `v${version}` } });
  return { ...finding, fingerprint: fingerprintOf(finding) };
}

export function isWithin(name: string, directory: string): boolean {
  return directory === '/' || name === directory || name.startsWith(`${directory}/`);
}

/** What a server makes of reports: the protocol's rule, told once more. */
export interface ServerState {
  readonly open: Map<string, Finding & { readonly listed?: boolean }>;
  readonly holes: readonly Hole[];
}

export function serverAfter({ open, holes }: ServerState, draft: ReportDraft): ServerState {
  const next = new Map(
    [...open].map(([key, finding]) => [key, draft.full && draft.part === 1 ? { ...finding, listed: false } : finding]),
  );
  for (const finding of draft.opened) next.set(finding.fingerprint, { ...finding, listed: true });
  const isHidden = (name: string) => draft.coverage.holes.some((hole) => isWithin(name, hole.name));
  const gone = draft.full
    ? draft.part === draft.parts
      ? [...next.values()].filter(({ listed }) => !listed).map(({ fingerprint }) => fingerprint)
      : []
    : draft.cleared;
  for (const fingerprint of gone) {
    const finding = next.get(fingerprint);
    if (finding !== undefined && !isHidden(finding.name)) next.delete(fingerprint);
  }
  return { open: next, holes: draft.part === draft.parts ? draft.coverage.holes : holes };
}

export function digestOfServer({ open, holes }: ServerState): string {
  return stateDigest({ manifest: baseline.image, rules: baseline.rules, fingerprints: [...open.keys()], holes });
}
