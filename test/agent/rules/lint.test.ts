import { describe, expect, it } from 'vitest';
import { openLint } from '../../../agent/rules/lint.ts';
import type { RuleLine } from '../../../agent/rules/remark.ts';
import { findShadows } from '../../../agent/rules/shadows.ts';
import type { Entry } from '../../../shared/entry.ts';
import { profiles } from '../../../shared/profile.ts';
import { Rule } from '../../../shared/rules.ts';
import { aDevice, aFile, contentB } from '../../support/entries.ts';

/** One line a remark: `level code rule`. */
function remarked(rules: readonly unknown[], entries: readonly Entry[] = []): string[] {
  const lint = openLint(
    rules.map((rule) => Rule.parse(rule)),
    profiles.debian,
  );
  for (const entry of entries) lint.see(entry);
  return lint.remarks().map(({ level, code, rule }) => `${level} ${code} ${rule}`);
}

const immutable = (...match: readonly string[]) => ({ match, as: 'immutable' });
const reason = 'r';

describe('lint by patterns', () => {
  const cases: readonly (readonly [what: string, rules: readonly unknown[], remarks: readonly string[]])[] = [
    ['says nothing of no rules', [], []],
    ['says nothing of rules apart', [immutable('/a/**'), immutable('/b/*')], []],
    ['finds what an earlier rule covers', [immutable('/a/**'), immutable('/a/*/c')], ['warning shadowed 2']],
    ['finds what the same rule covers', [immutable('/a/**', '/a/b')], ['info shadowed 1']],
    [
      'finds what earlier rules cover together',
      [immutable('/x/[a-m]*'), immutable('/x/[\\x01-ln-\\xff]*'), immutable('/x/*')],
      ['warning shadowed 3'],
    ],
    ['lets a narrower rule stand before a wider one', [immutable('/a/b'), immutable('/a/**')], []],
    ['lets /x/** leave /x to another', [immutable('/a/**'), immutable('/a')], []],
    ['finds ignored programs', [{ match: '/opt/app/**', as: 'ignored', reason }], ['warning hides-executables 1']],
    [
      'finds foreign programs',
      [{ match: '/usr/lib/**', as: 'foreign', reason }],
      ['error hides-guarded 1', 'warning hides-executables 1'],
    ],
    ['finds ignored accounts', [{ match: '/etc/pass*', as: 'ignored', reason }], ['error hides-guarded 1']],
    ['finds ignored keys', [{ match: '/home/*/.ssh/**', as: 'ignored', reason }], ['error hides-guarded 1']],
    [
      'says nothing of layers of containers',
      [{ match: '/var/lib/containers/storage/overlay/*', as: 'foreign', reason }],
      [],
    ],
    [
      'finds what need not be ignored',
      [{ match: '/var/cache/app/**', as: 'ignored', reason }],
      ['warning ignored-without-need 1'],
    ],
    [
      'finds a guard overridden where it never speaks',
      [{ ...immutable('/srv/a'), override: 'sudoers', reason }],
      ['warning override-without-need 1'],
    ],
    [
      'lets a guard be overridden where it may speak',
      [{ ...immutable('/etc/sudoers.d/a'), override: ['sudoers', 'setuid'], reason }],
      [],
    ],
    [
      'finds a guard overridden where nobody looks',
      [{ match: '/srv/a/**', as: 'ignored', override: 'setuid', reason }],
      ['warning override-without-need 1'],
    ],
    [
      'finds contents accepted where none is compared',
      [{ match: '/srv/a/**', as: 'foreign', accept: contentB, reason }],
      ['warning accept-without-need 1'],
    ],
  ];
  it.each(cases)('%s', (_what, rules, remarks) => {
    expect(remarked(rules)).toEqual(remarks);
  });

  it('says where it stopped comparing', () => {
    const lines = Array.from({ length: 4 }, (_, index): RuleLine => {
      const pattern = `/a/*x${index}y`;
      return { number: index + 1, rule: Rule.parse(immutable(pattern)), pattern };
    });
    const told = (comparisonsMax: number) =>
      findShadows(lines, { comparisonsMax }).map(({ code, rule }) => [code, rule]);

    // The fourth would be compared with three before it, after 0 + 1 + 2.
    expect(told(5)).toEqual([['not-compared', 4]]);
    expect(told(6)).toEqual([]);
  });
});

describe('lint by what was baked', () => {
  const baked: readonly Entry[] = [
    aFile({ name: '/srv/data', mode: '0644' }),
    aFile({ name: '/srv/program', mode: '0755' }),
    aFile({ name: '/srv/setuid', mode: '4755' }),
    aDevice('1:3', '/srv/device'),
    { subject: 'cron', name: 'a', schedule: '@daily', command: 'x', files: ['/srv/crontab'] },
  ];
  const cases: readonly (readonly [what: string, rules: readonly unknown[], remarks: readonly string[]])[] = [
    ['finds what matches nothing', [immutable('/srv/none')], ['warning dead 1']],
    ['lets what may appear later match nothing', [{ match: '/srv/none/**', as: 'ephemeral' }], ['info dead 1']],
    ['finds what decides nothing', [immutable('/srv/d*'), immutable('/srv/*ta')], ['warning shadowed 2']],
    [
      'finds programs of free content',
      [{ match: '/srv/program', as: 'per-instance' }],
      ['warning hides-executables 1'],
    ],
    ['finds programs written at boot', [{ match: '/srv/program', as: 'set-at-boot' }], ['warning hides-executables 1']],
    ['lets programs be where anything may be written', [{ match: '/srv/program', as: 'ephemeral' }], []],
    ['finds ignored setuid programs', [{ match: '/srv/setuid', as: 'ignored', reason }], ['error hides-guarded 1']],
    ['finds ignored devices', [{ match: '/srv/device', as: 'ignored', reason }], ['error hides-guarded 1']],
    [
      'finds ignored meaning',
      [{ match: '/srv/crontab', as: 'ignored', reason }],
      ['info dead 1', 'error hides-guarded 1'],
    ],
    [
      'lets a guard be overridden that speaks of a file',
      [{ ...immutable('/srv/setuid'), override: 'setuid', reason }],
      [],
    ],
    [
      'finds a guard overridden that speaks of none',
      [{ ...immutable('/srv/data'), override: 'setuid', reason }],
      ['warning override-without-need 1'],
    ],
  ];
  it.each(cases)('%s', (_what, rules, remarks) => {
    expect(remarked(rules, baked)).toEqual(remarks);
  });
});
