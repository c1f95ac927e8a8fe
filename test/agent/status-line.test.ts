import { describe, expect, it } from 'vitest';
import type { Status } from '../../agent/status.ts';
import { lineOf } from '../../agent/status-line.ts';
import { digestOf } from '../../shared/digest.ts';
import { aTime } from '../support/builders.ts';

const status: Status = {
  schema: 'pristine.status/1',
  pid: 7,
  boot: 1,
  instanceId: null,
  image: { name: 'web', version: '7', digest: digestOf('web@7') },
  rules: 1,
  verdict: 'drifted',
  since: aTime,
  lastSweep: { startedAt: aTime, finishedAt: '2026-11-29T03:12:45.000Z' },
  settled: null,
  openFindings: 2,
  holes: 1,
  connection: { state: 'waiting', since: '2026-11-29T03:10:00.000Z', error: 'ECONNREFUSED' },
  spool: { reports: 3, bytes: 100, trouble: null, merged: 0, lost: 0 },
  watcher: { kind: 'fanotify', state: 'watching', error: null, why: null, processes: null },
  footprint: null,
  memoryShortage: null,
  updatedAt: aTime,
};

describe('the line of a status', () => {
  it('says what is wrong, since when, and who watches', () => {
    expect(lineOf(status)).toBe(
      'drifted: 2 findings, 1 holes against web@7; swept 11-29 03:12 UTC; fanotify watching; ' +
        'server waiting since 11-29 03:10 UTC (ECONNREFUSED), 3 reports not delivered',
    );
  });

  it('says that memory is short, and what waits for it', () => {
    const memoryShortage = { since: aTime, why: 'the machine waits for memory 40 % of the time', sweepPutOff: true };

    expect(lineOf({ ...status, memoryShortage })).toContain('; memory is short, a sweep is put off; ');
  });

  it('says that no sweep has ended yet', () => {
    expect(lineOf({ ...status, lastSweep: null })).toContain('; no sweep yet; ');
  });
});
