import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyState, type OpenState } from '../../../agent/open-state.ts';
import { applyScan, stateLimits } from '../../../agent/report/apply-scan.ts';
import { buildReports } from '../../../agent/report/report-builder.ts';
import type { Hole } from '../../../shared/coverage.ts';
import type { Finding } from '../../../shared/finding.ts';
import { aCoverage, aFinding, anActor, aTime } from '../../support/builders.ts';
import {
  baseline,
  check,
  digestOfServer,
  isWithin,
  names,
  type ServerState,
  type Step,
  scanOf,
  serverAfter,
  step,
  sweep,
} from '../../support/scan-rows.ts';

describe('what a scan changes', () => {
  it('is what a model says, for any row of checks and sweeps with holes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let state = emptyState;
        let model: Model = { open: new Set(), holes: new Set() };

        for (const one of steps) {
          const before = state;
          const applied = applyScan(state, scanOf(one));
          state = applied.state;
          model = modelAfter(model, one);

          expect(opened(state)).toEqual([...model.open].sort());
          expect(state.holes.map(({ name }) => name)).toEqual([...model.holes].sort());
          const told = new Set([...before.open.keys(), ...applied.opened.map(({ fingerprint }) => fingerprint)]);
          for (const fingerprint of applied.cleared) expect(told.delete(fingerprint)).toBe(true);
          expect([...told].sort()).toEqual([...state.open.keys()].sort());
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reaches the server whole: what it makes of the reports has the digest they promise', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), fc.integer({ min: 1, max: 4 }), (steps, reportFindingsMax) => {
        let state = emptyState;
        let server: ServerState = { open: new Map(), holes: [] };

        for (const one of steps) {
          const scan = scanOf(one);
          const applied = applyScan(state, scan);
          const limits = {
            frameBytesMax: 1_048_576,
            reportFindingsMax: scan.kind === 'check' ? 100 : reportFindingsMax,
          };
          for (const draft of buildReports(() => 'scan', scan, state, applied, baseline, limits)) {
            server = serverAfter(server, draft);
            if (draft.part === draft.parts) expect(digestOfServer(server)).toBe(draft.stateDigest);
          }
          state = applied.state;
          expect([...server.open.keys()].sort()).toEqual([...state.open.keys()].sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a finding that was not looked at', () => {
    const state = applyScan(emptyState, sweep([aFinding({ name: '/etc/passwd' })])).state;

    const { cleared } = applyScan(state, check(['/etc/shadow'], []));

    expect(cleared).toEqual([]);
  });

  it('keeps a finding beneath a directory that could not be read', () => {
    const state = applyScan(emptyState, sweep([aFinding({ name: '/etc/ssh/sshd_config' })])).state;

    const { cleared } = applyScan(state, sweep([], [{ subject: 'file', name: '/etc/ssh', reason: 'unreadable' }]));

    expect(cleared).toEqual([]);
  });

  it('keeps everything when the manifest could not be opened', () => {
    const finding = aFinding({ subject: 'package', name: 'openssl:amd64' });
    const state = applyScan(emptyState, sweep([finding])).state;

    const { cleared } = applyScan(state, sweep([], [{ subject: 'manifest', name: '/m', reason: 'bad-signature' }]));

    expect(cleared).toEqual([]);
  });

  it('closes what ran only by a sweep that looked at what runs', () => {
    const finding = aFinding({ subject: 'process', name: '/tmp/x' });
    const state: OpenState = { ...emptyState, open: new Map([[finding.fingerprint, finding]]) };
    const scan = (live: boolean) =>
      ({ startedAt: aTime, finishedAt: aTime, findings: [], coverage: aCoverage({ live }) }) as const;
    const looked = [{ subject: 'file', name: '/' }];

    expect(applyScan(state, { kind: 'check', looked, ...scan(false) }).cleared).toEqual([]);
    expect(applyScan(state, { kind: 'sweep', ...scan(false) }).cleared).toEqual([]);
    expect(applyScan(state, { kind: 'sweep', ...scan(true) }).cleared).toEqual([finding.fingerprint]);
  });

  it('clears all packages that a look at their database no longer finds', () => {
    const finding = aFinding({ subject: 'package', name: 'openssl:amd64' });
    const state = applyScan(emptyState, sweep([finding])).state;
    const scan = { ...check([], []), looked: [{ subject: 'package', name: '/var/lib/dpkg/status' }] };

    const { cleared } = applyScan(state, scan);

    expect(cleared).toEqual([finding.fingerprint]);
  });

  it('notes when a scan first had a finding, for as long as it is open', () => {
    const finding = aFinding({ name: '/etc/passwd' });
    const at = (second: number, findings: readonly Finding[]) => ({
      ...sweep(findings),
      finishedAt: `2026-08-01T10:00:0${second}.000Z`,
    });
    const first = applyScan(emptyState, at(1, [finding])).state;

    const again = applyScan(first, at(2, [finding])).state;
    const gone = applyScan(again, at(3, [])).state;
    const anew = applyScan(gone, at(4, [finding])).state;

    expect([first, again, gone, anew].map(({ firstSeenAt }) => firstSeenAt.get(finding.fingerprint))).toEqual([
      '2026-08-01T10:00:01.000Z',
      '2026-08-01T10:00:01.000Z',
      undefined,
      '2026-08-01T10:00:04.000Z',
    ]);
  });

  it('tells again who did it once that is known, and counts what happened since', () => {
    const finding = aFinding({ name: '/etc/passwd' });
    const [vi, sed] = [anActor({ program: '/usr/bin/vi' }), anActor({ program: '/usr/bin/sed' })];
    const unknown = applyScan(emptyState, sweep([finding])).state;

    const named = applyScan(unknown, check(['/etc/passwd'], [{ ...finding, actors: [vi], changes: 2 }]));
    const more = applyScan(named.state, check(['/etc/passwd'], [{ ...finding, actors: [sed, vi], changes: 3 }]));
    const swept = applyScan(more.state, sweep([finding]));

    expect(named.opened).toMatchObject([{ name: '/etc/passwd', actors: [vi], changes: 2 }]);
    expect([more.opened, swept.opened]).toEqual([[], []]);
    expect([...swept.state.open.values()]).toMatchObject([{ actors: [vi, sed], changes: 5 }]);
  });

  it('keeps the gravest when there are too many, and says so with a hole over everything', () => {
    const low = [1, 2, 3].map((n) => aFinding({ name: `/a${n}`, severity: 'low' }));
    const critical = aFinding({ name: '/z', severity: 'critical' });
    const limits = { ...stateLimits, openFindingsMax: 2 };

    const { state, opened: told } = applyScan(emptyState, sweep([...low, critical]), limits);

    expect(told.map(({ name }) => name)).toEqual(['/z', '/a1']);
    expect(state.holes).toEqual([{ subject: 'file', name: '/', reason: 'too-many' }]);
    expect(applyScan(state, sweep([critical]), limits).state.holes).toEqual([]);
  });

  it('has room for a changed program after any number of relabels', () => {
    const limits = { ...stateLimits, openFindingsMax: 8 };
    const relabelled = (label: string) =>
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => {
        const difference = { attributes: ['selinux'], expected: { selinux: 'etc_t' }, actual: { selinux: label } };
        return aFinding({ name: `/a${n}`, severity: 'critical', ...difference });
      });
    const first = applyScan(emptyState, sweep(relabelled('a_t')), limits);
    const second = applyScan(first.state, sweep(relabelled('b_t')), limits);

    const { opened: told } = applyScan(second.state, sweep([...relabelled('c_t'), aFinding({ name: '/z' })]), limits);

    expect([first.opened.length, second.opened.length]).toEqual([4, 0]);
    expect(told.map(({ name }) => name)).toEqual(['/z']);
  });

  it('needs no second hole over everything when there are too many', () => {
    const findings = [1, 2, 3].map((n) => aFinding({ name: `/a${n}` }));
    const hole: Hole = { subject: 'file', name: '/', reason: 'io-error' };

    const { state } = applyScan(emptyState, sweep(findings, [hole]), { ...stateLimits, openFindingsMax: 2 });

    expect([state.open.size, state.holes]).toEqual([2, [hole]]);
  });

  it('keeps the text of so many diffs, of what was known first, and the findings of all', () => {
    const limits = { ...stateLimits, openDiffsMax: 2 };
    const withText = (name: string) => aFinding({ name, diff: { text: '+a\n', redactions: 0, truncated: false } });
    const scan = (...names: readonly string[]) => sweep(names.map(withText));

    const { state } = applyScan(applyScan(emptyState, scan('/z'), limits).state, scan('/a', '/b', '/z'), limits);

    const withheld = [...state.open.values()].filter(({ diff }) => diff && 'withheld' in diff).map(({ name }) => name);
    expect(withheld).toEqual(['/b']);
    expect(state.open.size).toBe(3);
  });

  it('takes the diff of a later look where the first had none', () => {
    const diff = { text: '+a\n', redactions: 0, truncated: false };
    const first = aFinding({ diff: { withheld: 'changed' } });

    const { state } = applyScan(applyScan(emptyState, sweep([first])).state, sweep([aFinding({ diff })]));

    expect([...state.open.values()]).toEqual([aFinding({ diff })]);
  });

  it('closes nothing by a sweep that failed', async () => {
    const known = [aFinding({ name: '/a' }), aFinding({ subject: 'sudoers', name: 'ALL' })];
    const failed: Hole = { subject: 'manifest', name: '/m', reason: 'io-error' };

    const { cleared, state } = applyScan(applyScan(emptyState, sweep(known)).state, sweep([], [failed]));

    expect([cleared, state.open.size, state.holes]).toEqual([[], 2, [failed]]);
  });

  it('folds holes into their parents when there are too many', () => {
    const holes: Hole[] = [1, 2, 3].map((n) => ({ subject: 'file', name: `/srv/x/${n}`, reason: 'unreadable' }));

    const { state } = applyScan(emptyState, sweep([], holes), { ...stateLimits, holesMax: 2 });

    expect(state.holes).toEqual([{ subject: 'file', name: '/srv/x', reason: 'unreadable' }]);
  });
});

/** Written from DESIGN's sentence and not from the code: open things are (name, version). */
interface Model {
  readonly open: ReadonlySet<string>;
  readonly holes: ReadonlySet<string>;
}

function modelAfter(model: Model, { world, holes, looked }: Step): Model {
  const isSeen = (name: string) => looked === undefined || looked.some((one) => isWithin(name, one));
  const nowHoles = new Set([...[...model.holes].filter((name) => !isSeen(name)), ...holes.filter(isSeen)]);
  const open = new Set<string>();
  for (const thing of model.open) {
    const [name, version] = thing.split('@') as [string, string];
    const isHidden = [...nowHoles].some((hole) => isWithin(name, hole));
    const isStillSo = world[name] === Number(version) && !holes.some((hole) => isWithin(name, hole));
    if (!isSeen(name) || isHidden || isStillSo) open.add(thing);
  }
  for (const name of names) {
    const version = world[name];
    if (version !== undefined && isSeen(name) && !holes.some((hole) => isWithin(name, hole)))
      open.add(`${name}@${version}`);
  }
  return { open, holes: nowHoles };
}

function opened(state: OpenState): readonly string[] {
  return [...state.open.values()].map(({ name, actual }) => `${name}@${String(actual['content']).slice(1)}`).sort();
}
