import { describe, expect, it } from 'vitest';
import { emptyState } from '../../../agent/open-state.ts';
import { applyScan } from '../../../agent/report/apply-scan.ts';
import { buildReports } from '../../../agent/report/report-builder.ts';
import type { Scan } from '../../../agent/scan.ts';
import { digestOf } from '../../../shared/digest.ts';
import { frameBytesMax, parseAgentMessage } from '../../../shared/protocol.ts';
import { uuidv7 } from '../../../shared/uuid.ts';
import { aCoverage, aFinding, aTime } from '../../support/builders.ts';

const baseline = { image: digestOf('web@7'), rules: 1 };

describe('the reports of a sweep', () => {
  it('fit their frames, are of the schema, and together list every finding once', () => {
    const findings = Array.from({ length: 3_000 }, (_, n) => aFinding({ name: `/${'ä'.repeat(n % 1_500)}/${n}` }));

    const drafts = build(sweep({ findings }));

    const frames = drafts.map((draft, index) => JSON.stringify({ ...draft, boot: 1, seq: index + 1 }));
    for (const frame of frames) {
      expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(frameBytesMax);
      parseAgentMessage(frame);
    }
    const listed = drafts.flatMap(({ opened }) => opened.map(({ fingerprint }) => fingerprint));
    expect(listed.toSorted()).toEqual(findings.map(({ fingerprint }) => fingerprint).sort());
    expect(drafts.map(({ part }) => part)).toEqual(drafts.map((_, index) => index + 1));
  });

  it('tell by what the machine is known with the last part alone, within its frame', () => {
    const identities = Array.from({ length: 64 }, (_, n) => ({
      name: `/${'x'.repeat(250)}${n}`,
      digest: digestOf(`${n}`),
    }));
    const findings = Array.from({ length: 3_000 }, (_, n) => aFinding({ name: `/${'ä'.repeat(500)}/${n}` }));

    const drafts = build(sweep({ findings, identities }));

    expect(drafts.length).toBeGreaterThan(2);
    expect(drafts.map((draft) => draft.identities)).toEqual([...drafts.slice(1).map(() => undefined), identities]);
    const frames = drafts.map((draft, index) => JSON.stringify({ ...draft, boot: 1, seq: index + 1 }));
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(frameBytesMax);
    expect(parseAgentMessage(frames.at(-1)!)).toMatchObject({ identities });
    expect(build(sweep({}))[0]).not.toHaveProperty('identities');
  });

  it('tell a check that finds much as several, each whole, what is worse before what is better', () => {
    const findings = Array.from({ length: 3_000 }, (_, n) => aFinding({ name: `/${'ä'.repeat(500)}/${n}` }));
    const cleared = aFinding({ name: '/cleared' });
    const before = applyScan(emptyState, sweep({ findings: [cleared] })).state;
    const check = { ...sweep({ findings }), kind: 'check' as const, looked: [{ subject: 'file', name: '/' }] };
    let ids = 0;

    const drafts = buildReports(() => `${ids++}`, check, before, applyScan(before, check), baseline);

    expect(drafts.length).toBeGreaterThan(2);
    expect(drafts.map(({ scanId, part, parts }) => `${scanId} ${part}/${parts}`)).toEqual(
      drafts.map((_, index) => `${index} 1/1`),
    );
    expect(drafts.map((draft) => draft.cleared)).toEqual([...drafts.slice(1).map(() => []), [cleared.fingerprint]]);
    expect(new Set(drafts.map(({ stateDigest }) => stateDigest)).size).toBe(drafts.length);
  });

  it('are one report when nothing is open', () => {
    expect(build(sweep({}))).toMatchObject([{ part: 1, parts: 1, full: true, opened: [], cleared: [] }]);
  });

  it('hold a finding with the longest names there may be', () => {
    const longest = aFinding({
      name: `/${'\\x00'.repeat(8_000)}`,
      actual: { target: '中'.repeat(32_000) },
      expected: {},
    });

    const [draft] = build(sweep({ findings: [longest] }));

    expect(Buffer.byteLength(JSON.stringify(draft))).toBeLessThan(frameBytesMax);
  });

  it('leave out skipped names above the bound and say how many', () => {
    const skipped = Array.from({ length: 10_000 }, (_, n) => ({
      name: `/skipped/${'x'.repeat(200)}/${n}`,
      rule: 'ignored',
    }));

    const [draft] = build(sweep({ coverage: aCoverage({ skipped }) }));

    expect(Buffer.byteLength(JSON.stringify(draft))).toBeLessThan(frameBytesMax);
    const last = draft!.coverage.skipped.at(-1)!;
    expect(last.rule).toContain(`${10_000 - draft!.coverage.skipped.length + 1} more`);
  });

  it('has the components that were laid over the image in its digest', () => {
    const components = [{ name: 'cni', version: '1', digest: digestOf('component'), entries: 1 }];
    const without = build(sweep({}));
    const [report] = build(sweep({ coverage: { ...aCoverage(), components } }));

    expect(report!.coverage.components).toEqual(components);
    expect(report!.stateDigest).not.toBe(without[0]!.stateDigest);
  });
});

function sweep(overrides: Partial<Extract<Scan, { kind: 'sweep' }>>): Scan {
  return {
    kind: 'sweep',
    startedAt: aTime,
    finishedAt: aTime,
    findings: [],
    coverage: aCoverage(),
    ...overrides,
  } as Scan;
}

function build(scan: Scan) {
  return buildReports(() => uuidv7(Date.parse(aTime)), scan, emptyState, applyScan(emptyState, scan), baseline);
}
