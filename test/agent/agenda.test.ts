import { describe, expect, it } from 'vitest';
import { agendaLimits, createAgenda } from '../../agent/agenda.ts';

const { sweepEveryMs, sweepGapMs, sweepGapMsMax, sweepPutOffMsMax } = agendaLimits;
const { settleMs, checkShare, checkBurstMs, checkGapMsMax } = agendaLimits;

describe('the agenda', () => {
  it('begins with a sweep, and then sweeps within a quarter of its interval', () => {
    for (const random of [0, 0.5, 0.999]) {
      const agenda = createAgenda(0, agendaLimits, () => random);

      expect(agenda.next(0)).toBe('sweep');
      agenda.sweepEnded(1_000);
      agenda.told();

      expect(agenda.next(1_000 + sweepEveryMs * 0.74)).toBeUndefined();
      expect(agenda.next(1_000 + sweepEveryMs * 1.25)).toBe('sweep');
    }
  });

  it('checks a moment after the first hint, however many follow', () => {
    const agenda = afterFirstSweep();

    agenda.hinted(1_000);
    agenda.hinted(1_000 + settleMs - 1);

    expect(agenda.dueAt()).toBe(1_000 + settleMs);
    expect(agenda.next(1_000 + settleMs - 1)).toBeUndefined();
    expect(agenda.next(1_000 + settleMs)).toBe('check');
    expect(agenda.next(1_000 + settleMs)).toBeUndefined();
  });

  it('checks nothing before a full report is told, nor while a sweep runs', () => {
    const agenda = createAgenda(0, agendaLimits, () => 0.5);
    agenda.next(0);
    agenda.hinted(0);
    expect(agenda.next(settleMs)).toBeUndefined();

    agenda.sweepEnded(settleMs);
    expect(agenda.next(settleMs)).toBeUndefined();

    agenda.told();
    expect(agenda.next(settleMs)).toBe('check');
  });

  it('checks at once for as long as checks have taken little, and then gives them only their share of the time', () => {
    const agenda = afterFirstSweep();
    agenda.checkEnded(checkBurstMs / 2, 2_500);
    agenda.hinted(2_500);
    expect(agenda.dueAt()).toBe(2_500 + settleMs);

    agenda.next(2_500 + settleMs);
    agenda.checkEnded(checkBurstMs / 2, 3_500);
    agenda.hinted(3_500);
    agenda.next(3_500 + settleMs);
    agenda.checkEnded(50, 4_050);
    agenda.hinted(4_050);

    // In milliseconds 1,000 − 500 + 20 − 500 + 11 − 50 = −19: a fiftieth of the time came back in between.
    expect([checkBurstMs, checkShare]).toEqual([1_000, 50]);
    expect(agenda.dueAt()).toBe(4_050 + 19 * checkShare);
  });

  it('lets no slow check hold up the next for long', () => {
    const agenda = afterFirstSweep();
    agenda.checkEnded(60_000, 60_000);

    agenda.hinted(60_000);

    expect(agenda.dueAt()).toBe(60_000 + checkGapMsMax);
  });

  it('sweeps soon when asked, but not sooner than its gap, and once for many askings', () => {
    const agenda = afterFirstSweep();

    expect([agenda.askForSweep(), agenda.askForSweep()]).toEqual([true, false]);

    expect(agenda.next(sweepGapMs - 1)).toBeUndefined();
    expect(agenda.next(sweepGapMs)).toBe('sweep');
    agenda.sweepEnded(sweepGapMs);
    expect(agenda.next(2 * sweepGapMs)).toBeUndefined();
  });

  it('puts off a scheduled sweep for better times, and no longer than its bound', () => {
    const agenda = afterFirstSweep();
    expect(agenda.putOff(sweepEveryMs - 1)).toBe(false);

    let now = sweepEveryMs;
    while (agenda.putOff(now)) {
      expect(agenda.next(now)).toBeUndefined();
      now = agenda.dueAt();
    }

    expect(now).toBe(sweepEveryMs + sweepPutOffMsMax);
    expect(agenda.next(now)).toBe('sweep');
  });

  it('puts off no sweep that is owed or was asked for', () => {
    const fresh = createAgenda(0, agendaLimits, () => 0.5);
    const asked = afterFirstSweep();
    asked.askForSweep();

    expect([fresh.putOff(0), asked.putOff(sweepEveryMs)]).toEqual([false, false]);
  });

  it('waits longer each time a report could not be spooled, up to an hour', () => {
    const agenda = createAgenda(0, agendaLimits, () => 0.5);
    const gaps: number[] = [];
    for (let now = 0, n = 0; n < 12; n++) {
      expect(agenda.next(now)).toBe('sweep');
      agenda.sweepEnded(now);
      agenda.owe('failed');
      gaps.push(agenda.dueAt() - now);
      now = agenda.dueAt();
    }

    expect(gaps.slice(0, 3)).toEqual([2, 4, 8].map((times) => times * sweepGapMs));
    expect(gaps.at(-1)).toBe(sweepGapMsMax);
  });
});

function afterFirstSweep() {
  const agenda = createAgenda(0, agendaLimits, () => 0.5);
  agenda.next(0);
  agenda.sweepEnded(0);
  agenda.told();
  return agenda;
}
