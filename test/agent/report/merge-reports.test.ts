import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyState, type OpenState } from '../../../agent/open-state.ts';
import { applyScan, changesAnything } from '../../../agent/report/apply-scan.ts';
import { mergeReports, type Untold } from '../../../agent/report/merge-reports.ts';
import { buildReports, type ReportDraft } from '../../../agent/report/report-builder.ts';
import type { Scan } from '../../../agent/scan.ts';
import type { Hole } from '../../../shared/coverage.ts';
import type { Finding } from '../../../shared/finding.ts';
import { gravestFirst } from '../../../shared/severity.ts';
import { aFinding, anActor } from '../../support/builders.ts';
import {
  baseline,
  check,
  digestOfServer,
  names,
  type ServerState,
  scanOf,
  serverAfter,
  step,
  sweep,
} from '../../support/scan-rows.ts';

/** An agent and a server that hears it only at times. */
interface Ends {
  state: OpenState;
  untold: readonly Untold[];
  server: ServerState;
  /** The gravest that the server ever had open, by name; and that the agent ever found. */
  readonly heard: Map<string, Finding>;
  readonly found: Map<string, Finding>;
}

const happening = fc.oneof(
  { weight: 8, arbitrary: step.map((one) => ({ do: 'scan' as const, scan: scanOf(one) })) },
  { weight: 2, arbitrary: fc.constant({ do: 'merge' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'deliver' as const }) },
);

describe('reports that are made one', () => {
  it('leave both ends with one state, and the server with the gravest that each subject ever was', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 24, size: 'max' }), (happenings) => {
        const ends = theEnds();

        for (const one of happenings) {
          if (one.do === 'scan') tell(ends, one.scan);
          else if (one.do === 'merge') merge(ends);
          else deliver(ends);
        }
        merge(ends);
        const last = ends.untold.at(-1)?.drafts.at(-1);
        deliver(ends);

        expect([...ends.server.open.keys()].sort()).toEqual([...ends.state.open.keys()].sort());
        if (last !== undefined) expect(digestOfServer(ends.server)).toBe(last.stateDigest);
        for (const [name, finding] of ends.found) {
          expect(gravestFirst(finding, ends.heard.get(name)!), name).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('grow with the subjects that change, and not with the changes', () => {
    const ends = theEnds();
    tell(ends, sweep([]));
    deliver(ends);

    const sizes = Array.from({ length: 40 }, (_, round) => {
      for (let n = 0; n < 25; n++) {
        const name = `/srv/f${n}`;
        tell(ends, check([name], [aFinding({ name, actual: { content: `${round}` }, actors: [anActor()] })]));
      }
      merge(ends);
      return JSON.stringify(ends.untold.map(({ drafts }) => drafts)).length;
    });

    expect(Math.max(...sizes)).toBeLessThan(1.02 * sizes[1]!);
    const note = ends.untold.at(-1)!.drafts.at(-1)!.spool;
    expect(note?.gaps).toMatchObject([{ reason: 'merged', reports: 1_000, findings: 25 * 39 }]);
  });

  it('tell of what was there and is gone, opened and closed, since it taints', () => {
    const ends = theEnds();
    tell(ends, sweep([]));
    deliver(ends);
    const grave = aFinding({ name: '/a', severity: 'critical', actual: { content: 'x' } });
    const slight = aFinding({ name: '/a', severity: 'low', actual: { content: 'y' } });

    for (const findings of [[slight], [grave], [slight], []]) tell(ends, check(['/a'], findings));
    merge(ends);

    expect(ends.untold.flatMap(({ drafts }) => drafts)).toMatchObject([
      { full: false, opened: [{ fingerprint: grave.fingerprint }], cleared: [] },
      {
        full: false,
        opened: [],
        cleared: [grave.fingerprint],
        spool: { gaps: [{ reason: 'merged', reports: 4, findings: 1 }] },
      },
    ]);
  });

  it('tell nothing of the gone anew that a sweep of before had told', () => {
    const ends = theEnds();
    const finding = aFinding({ name: '/a' });
    tell(ends, sweep([finding]));
    deliver(ends);

    tell(ends, sweep([finding]));
    tell(ends, sweep([]));
    merge(ends);

    expect(ends.untold.flatMap(({ drafts }) => drafts.flatMap(({ opened }) => opened))).toEqual([]);
  });

  it('let stand what a hole of now hides, on both ends', () => {
    const ends = theEnds();
    const finding = aFinding({ name: '/a' });
    tell(ends, sweep([finding]));
    deliver(ends);
    const hole: Hole = { subject: 'file', name: '/a', reason: 'unstable' };

    tell(ends, check(['/a'], []));
    tell(ends, check(['/a'], [], [hole]));
    merge(ends);
    deliver(ends);

    expect([...ends.state.open.keys()]).toEqual([finding.fingerprint]);
    expect([...ends.server.open.keys()]).toEqual([finding.fingerprint]);
  });
});

function theEnds(): Ends {
  const server = { open: new Map(), holes: [] };
  return { state: emptyState, untold: [], server, heard: new Map(), found: new Map() };
}

function tell(ends: Ends, scan: Scan): void {
  const before = ends.state;
  const applied = applyScan(before, scan);
  ends.state = applied.state;
  for (const finding of applied.opened) keepGravest(ends.found, finding);
  if (scan.kind === 'check' && !changesAnything(before, applied)) return;
  const drafts = buildReports(newScanId, scan, before, applied, baseline);
  const opened = drafts.flatMap((draft) => draft.opened.map(({ fingerprint }) => fingerprint));
  const again = new Set(opened.filter((one) => before.open.has(one)));
  const cleared = applied.cleared.map((one) => before.open.get(one)!);
  ends.untold = [...ends.untold, { drafts, again, cleared }];
}

function merge(ends: Ends): void {
  if (ends.untold.length < 2) return;
  const { untold, state } = mergeReports(ends.untold, ends.state, { baseline, trouble: null, newScanId });
  ends.untold = untold;
  ends.state = state;
}

function deliver(ends: Ends): void {
  for (const draft of ends.untold.flatMap(({ drafts }): readonly ReportDraft[] => drafts)) {
    for (const finding of draft.opened) keepGravest(ends.heard, finding);
    ends.server = serverAfter(ends.server, draft);
  }
  ends.untold = [];
}

function keepGravest(among: Map<string, Finding>, finding: Finding): void {
  const other = among.get(finding.name);
  if (other === undefined || gravestFirst(finding, other) < 0) among.set(finding.name, finding);
}

function newScanId(): string {
  return `scan of ${names.length} names`;
}
