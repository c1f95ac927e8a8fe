import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDirtySet, type DirtySet } from '../../agent/check/dirty-set.ts';
import { createHints, type Hints, hintLimits } from '../../agent/hints.ts';
import type { Telling } from '../../agent/report/reporter.ts';
import type { Check, CheckOptions } from '../../agent/scan.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { aCoverage, aFinding, anActor, aTime } from '../support/builders.ts';

let now: number;
let dirty: DirtySet;
let hints: Hints;
/** What was looked at, told, asked for and heard, in order. */
let events: string[];
let answer: (names: readonly string[], options: CheckOptions) => Check | undefined;
let telling: Telling;

beforeEach(() => {
  now = 0;
  dirty = createDirtySet(3);
  events = [];
  answer = () => aCheck();
  telling = 'told';
  hints = createHints({
    dirty,
    checker: {
      check: async (names, options = {}) => {
        events.push(`check ${[...names, ...(options.started?.programs.keys() ?? [])]}`);
        return answer(names, options);
      },
    },
    watcher: () => ({
      doubt: (programs) => void events.push(`doubt ${[...(programs ?? ['all'])]}`),
      pause: () => void events.push('pause'),
      resume: () => void events.push('resume'),
    }),
    agenda: { hinted: () => void events.push('due'), checkEnded: () => undefined },
    needSweep: (reason) => void events.push(`sweep: ${reason}`),
    tell: async ({ findings }) => {
      events.push(`tell ${findings.map(({ name }) => name)}`);
      return telling;
    },
    cpuMs: () => now,
    clock: { monotonic: () => now } as Clock,
    log: pino({ level: 'silent' }),
    limits: hintLimits,
  });
});

describe('what becomes of hints', () => {
  it('is a check of names, and then one of what began to run: it may be gone when a sweep looks', async () => {
    hint('/usr/bin/x');
    start('/tmp/evil');
    answer = (names) => (names.length > 0 ? undefined : aCheck([aFinding({ subject: 'process', name: '/tmp/evil' })]));

    await hints.check(now, []);

    expect(events).toEqual([
      'check /usr/bin/x',
      'sweep: a check cannot answer for the changed names',
      'check /tmp/evil',
      'doubt /tmp/evil',
      'tell /tmp/evil',
    ]);
  });

  it('is a sweep once more is changed than checks can follow, after a while in which nobody needs to hear of more', () => {
    start('/tmp/evil');
    for (const name of ['/1', '/2', '/3', '/4']) hint(name);

    hints.note(now);
    expect(events).toEqual(['pause', 'due']);
    expect(hints.dueAt()).toBe(hintLimits.stormMs);
    now = hints.dueAt();
    hints.note(now);
    expect(events.slice(2)).toEqual(['sweep: more changes than checks can follow', 'due']);
    hints.sweepBegins();
    expect(events.at(-1)).toBe('resume');
    expect([...dirty.take(now).programs.keys()]).toEqual(['/tmp/evil']);
  });

  it('is heard of again where that sweep does not come', () => {
    for (const name of ['/1', '/2', '/3', '/4']) hint(name);
    hints.note(now);

    now = hintLimits.pauseMsMax;
    hints.note(now);

    expect(events.at(-1)).toBe('resume');
    expect(hints.dueAt()).toBe(Number.POSITIVE_INFINITY);
  });

  const fail = () => {
    throw new Error('EIO');
  };
  it.each<[string, readonly string[], () => Check | undefined, Telling]>([
    ['became too much', ['/1', '/2', '/3'], aCheck, 'told'],
    ['could not be answered for', [], () => undefined, 'told'],
    ['was more than reports hold', [], aCheck, 'too-large'],
    ['failed', [], fail, 'told'],
  ])('leaves to the sweep who did what %s', async (_, more, answered, told) => {
    hint('/etc/passwd');
    for (const name of more) hint(name);
    [answer, telling] = [answered, told];
    await hints.check(now, []);

    const found = hints.sweepFound([aFinding({ name: '/etc/passwd' }), aFinding({ name: '/etc/group' })]);

    expect(found.map(({ actors }) => actors?.length)).toEqual([1, undefined]);
    expect(hints.sweepFound([aFinding({ name: '/etc/passwd' })])[0]?.actors).toBeUndefined();
  });

  it('looks again at all that was being written to, and counts no change for it', async () => {
    const unstable = (name: string) => ({ subject: 'file', name, reason: 'unstable' as const });
    for (const name of ['/u1', '/u2']) {
      hint(name);
      answer = () => aCheck([], [unstable(name)]);
      await hints.check(now, []);
    }

    now = hints.dueAt();
    hints.note(now);

    expect([...dirty.take(now).names].map(([name, { changes }]) => [name, changes])).toEqual([
      ['/u1', 0],
      ['/u2', 0],
    ]);
  });

  it('waits for what becomes due after it was noted', () => {
    for (let look = 0; look < 2; look++) {
      hint('/flapping');
      dirty.take(now);
    }
    hint('/flapping');
    now = 499;
    hints.note(now);

    now = 502;

    expect(hints.dueAt()).toBe(500);
  });
});

function hint(name: string): void {
  dirty.add({ name, changes: 1, isWritten: true, actor: anActor() }, now);
}

function start(name: string): void {
  dirty.addStart({ name, state: 'there', actor: anActor() }, now);
}

function aCheck(findings: readonly Finding[] = [], holes: Check['coverage']['holes'] = []): Check {
  return {
    ...{ kind: 'check', startedAt: aTime, finishedAt: aTime, looked: [], findings },
    coverage: aCoverage({ holes }),
  };
}
