import { describe, expect, it } from 'vitest';
import { openLiveLook } from '../../../agent/check/live-look.ts';
import type { Machine } from '../../../agent/collect/live/machine.ts';
import type { Program } from '../../../agent/collect/live/program.ts';
import { writeEntryLine } from '../../../shared/entry-line.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aFile } from '../../support/entries.ts';
import { aMachine } from '../../support/live-facts.ts';

interface Given {
  readonly programs?: Readonly<Record<string, Program['state']>>;
  readonly contained?: number;
  readonly kernel?: Machine['kernel'];
  readonly baked?: readonly string[];
  readonly changed?: readonly string[];
  readonly rules?: readonly unknown[];
}

/** A look at a machine whose baked files are programs. */
function look({ programs = {}, contained = 0, kernel, baked = [], changed = [], rules = [] }: Given) {
  const live = openLiveLook(aMachine({ programs: new Map(Object.entries(programs)), contained, kernel }), []);
  for (const name of baked) live.baked(name, writeEntryLine(aFile({ name, mode: '0755' })));
  const judged = live.judge(openRulebook(rules.map((rule) => Rule.parse(rule))), new Set(changed));
  const told = judged.findings.map(({ subject, name, severity, rule }) => `${subject} ${name} ${severity} ${rule}`);
  return { ...judged, told };
}

const kernel = (release: string, ...modules: readonly string[]) => ({
  release,
  modules: modules.map((name) => ({ name })),
});

describe('what runs, against the manifest', () => {
  it('is fine when it is baked as a program and its file is where it was', () => {
    const { told, checked } = look({ programs: { '/bin/sh': 'there' }, baked: ['/bin/sh'] });

    expect(told).toEqual([]);
    expect(checked).toBe(1);
  });

  it.each([
    ['not-baked', 'there', [], 'high'],
    ['replaced', 'replaced', ['/bin/x'], 'high'],
    ['deleted', 'deleted', ['/bin/x'], 'critical'],
    ['hidden', 'hidden', ['/bin/x'], 'critical'],
    ['memfd', 'memfd', ['/bin/x'], 'critical'],
  ] as const)('is a finding when it is %s', (state, found, baked, severity) => {
    const { findings, told } = look({ programs: { '/bin/x': found }, baked });

    expect(told).toEqual([`process /bin/x ${severity} guard process`]);
    expect(findings[0]?.actual).toEqual({ state });
  });

  it('is a finding when its file is not as it was baked', () => {
    const { findings } = look({ programs: { '/bin/sh': 'there' }, baked: ['/bin/sh'], changed: ['/bin/sh'] });

    expect(findings).toMatchObject([
      { subject: 'process', name: '/bin/sh', severity: 'high', actual: { state: 'changed' } },
    ]);
  });

  it('is a finding when a variable was to change our own processes, unless a rule silences that', () => {
    const toldBy = (...rules: readonly object[]) => {
      const live = openLiveLook(aMachine({ environment: new Set(['LD_PRELOAD']) }), []);
      return live.judge(openRulebook(rules.map((rule) => Rule.parse(rule))), new Set()).findings;
    };

    expect(toldBy()).toMatchObject([
      { subject: 'environment', name: 'LD_PRELOAD', severity: 'critical', rule: 'guard preload' },
    ]);
    expect(
      toldBy({ match: '/proc/self/environ', as: 'ephemeral', override: 'preload', reason: 'our profiler' }),
    ).toEqual([]);
  });

  it('is a finding when a library in our own processes was not baked, or was deleted', () => {
    const libraries = new Map([
      ['/lib/libc.so', { isDeleted: false }],
      ['/lib/gone.so', { isDeleted: true }],
      ['/tmp/evil.so', { isDeleted: false }],
      ['/usr/bin/node', { isDeleted: false }],
    ]);
    const live = openLiveLook(aMachine({ programs: new Map([['/usr/bin/node', 'there']]), libraries }));
    for (const name of ['/lib/libc.so', '/lib/gone.so', '/usr/bin/node'])
      live.baked(name, writeEntryLine(aFile({ name, mode: name === '/usr/bin/node' ? '0755' : '0644' })));

    const { findings, checked } = live.judge(openRulebook([]), new Set());

    expect(
      findings.map(({ name, actual, severity, rule }) => `${name} ${actual['state']} ${severity} ${rule}`),
    ).toEqual(['/lib/gone.so deleted critical guard preload', '/tmp/evil.so not-baked critical guard preload']);
    expect(checked).toBe(5);
  });

  it.each([
    ['in memory', 'memfd:runc', 'memfd'],
    ['of no path', '/', 'hidden'],
  ] as const)('may be a copy %s of what was baked as a program, and of nothing else', (_, name, state) => {
    const [known, other] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
    const foundWith = (digests: readonly string[], mode = '0755', content = known) => {
      const programs = new Map([[name, state]]);
      const live = openLiveLook(aMachine({ programs, copies: new Map([[name, new Set(digests)]]) }));
      live.baked('/usr/bin/runc', writeEntryLine(aFile({ name: '/usr/bin/runc', mode, content })));
      return live.judge(openRulebook([]), new Set()).findings.length;
    };

    expect(foundWith([known])).toBe(0);
    expect(foundWith([known, other])).toBe(1);
    expect(foundWith(['unknown'])).toBe(1);
    expect(foundWith([known], '0644')).toBe(1);
    expect(foundWith([known], '0755', other)).toBe(1);
  });

  it('is no program of the image when it was baked as a file that nobody may run, or as a directory', () => {
    const programs = new Map([
      ['/a', 'there'],
      ['/b', 'there'],
    ] as const);
    const live = openLiveLook(aMachine({ programs }));
    live.baked('/a', aFile({ name: '/a', mode: '0644' }));
    live.baked('/b', aFile({ name: '/b', type: 'dir', mode: '0755' }));

    expect(live.judge(openRulebook([]), new Set()).findings.map(({ name }) => name)).toEqual(['/a', '/b']);
  });

  it('is not judged where rules look at nothing, but counted', () => {
    const { told, skipped } = look({
      programs: { '/opt/x': 'there', '/srv/a/b': 'deleted' },
      contained: 2,
      rules: [
        { match: '/opt/**', as: 'ignored', reason: 'r' },
        { match: '/srv/a', as: 'foreign', reason: 'r' },
      ],
    });

    expect(told).toEqual([]);
    expect(skipped).toEqual([
      { name: 'process', rule: 'processes of containers: 2' },
      { name: 'process', rule: 'programs where rules look at nothing: 2' },
    ]);
  });

  it.each(['ephemeral', 'immutable', 'per-instance'])('is silenced by name only, under %s too', (as) => {
    const programs = { '/opt/x': 'there', 'memfd:runc': 'memfd' } as const;
    const match = ['/opt/*', '/memfd:runc'];

    expect(look({ programs, rules: [{ match, as }] }).told).toHaveLength(2);
    expect(look({ programs, rules: [{ match, as, override: 'setuid', reason: 'r' }] }).told).toHaveLength(2);
    expect(look({ programs, rules: [{ match, as, override: 'process', reason: 'r' }] }).told).toEqual([]);
  });

  it('names a program by its bytes', () => {
    expect(look({ programs: { '/tmp/\xff\n': 'there' } }).told).toEqual(['process /tmp/\\xff\\x0a high guard process']);
  });

  it('has the same fingerprint wherever and whenever it runs', () => {
    const [a, b] = [{ '/tmp/x': 'there' } as const, { '/tmp/x': 'there', '/tmp/y': 'memfd' } as const];

    expect(look({ programs: a }).findings[0]?.fingerprint).toBe(look({ programs: b }).findings[0]?.fingerprint);
  });
});

describe('the running kernel, against the manifest', () => {
  it.each([['/lib/modules/6.1'], ['/usr/lib/modules/6.1'], ['/boot/vmlinuz-6.1']])('is baked as %s', (name) => {
    expect(look({ kernel: kernel('6.1'), baked: [name] }).told).toEqual([]);
  });

  it('is a finding when other kernels were baked and it was not, and its modules are none beside', () => {
    const { told, findings } = look({
      kernel: kernel('6.9', 'evil'),
      baked: [
        '/boot/vmlinuz-6.1',
        '/usr/lib/modules/6.1',
        '/usr/lib/modules/5.10',
        '/usr/lib/modules/5.10/kernel/a.ko',
      ],
    });

    expect(told).toEqual(['kernel-running kernel high guard kernel']);
    expect(findings[0]).toMatchObject({ expected: { releases: ['5.10', '6.1'] }, actual: { releases: ['6.9'] } });
  });

  it('is not judged where the image has none', () => {
    const { told } = look({
      kernel: kernel('6.9', 'evil'),
      baked: ['/lib/modules', '/lib/modules.d/6.1', '/boot/grub'],
    });

    expect(told).toEqual([]);
  });

  it('has the modules of its own directory, however they are packed and spelt', () => {
    const directory = '/usr/lib/modules/6.1';
    const files = ['kernel/a.ko', 'kernel/b-c.ko.xz', 'updates/dkms/d.ko.zst', 'e.ko.gz', 'kernel/f.ko.bz2'];

    const { told, checked } = look({
      kernel: kernel('6.1', 'a', 'b_c', 'd', 'e', 'f', 'g'),
      baked: [directory, ...files.map((file) => `${directory}/${file}`), '/usr/lib/modules/6.2/g.ko', '/tmp/g.ko'],
    });

    expect(told).toEqual(['loaded-module f high guard modules', 'loaded-module g high guard modules']);
    expect(checked).toBe(7);
  });

  it('is silenced by rules about where it is to be seen', () => {
    const rules = [
      { match: '/proc/sys/kernel/osrelease', as: 'ephemeral', override: 'kernel', reason: 'r' },
      { match: '/sys/module/evil', as: 'ephemeral', override: 'modules', reason: 'r' },
    ];

    expect(look({ kernel: kernel('6.9'), baked: ['/lib/modules/6.1'], rules }).told).toEqual([]);
    expect(look({ kernel: kernel('6.1', 'evil'), baked: ['/lib/modules/6.1'], rules }).told).toEqual([]);
  });
});
