import { describe, expect, it } from 'vitest';
import { reportText } from '../../../agent/commands/report-text.ts';
import { groupFindings } from '../../../shared/attribution.ts';
import type { Finding } from '../../../shared/finding.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { aCoverage, aFinding, anActor, aPrintedReport } from '../../support/builders.ts';

const inCoreutils = (name: string, overrides: Partial<Finding> = {}) =>
  aFinding({ name: `/usr/bin/${name}`, severity: 'medium', ...overrides });
const chmod = { attributes: ['mode'], expected: { mode: '0755' }, actual: { mode: '0777' } };
const upgrade = aFinding({
  subject: 'package',
  name: 'coreutils:amd64',
  severity: 'medium',
  attributes: ['version'],
  expected: { version: '9.1-1' },
  actual: { version: '9.1-2' },
});

/** As a sweep reports them when all have the content that coreutils says. */
function textOf(...findings: readonly Finding[]): string {
  const owners = new Map(findings.map(({ name }) => [name, { package: 'coreutils:amd64', asPackaged: true }]));
  return reportText(aPrintedReport({ findings: [...findings], packages: [...groupFindings(findings, owners).groups] }));
}

describe('a report for the person on call', () => {
  it('folds the files of an upgrade into the line of their package', () => {
    const text = textOf(upgrade, inCoreutils('head'), inCoreutils('tail'));

    expect(text).toMatch(/medium +package +coreutils:amd64 9\.1-1 → 9\.1-2: 2 files, all with the content it says\n/);
    expect(text).not.toContain('/usr/bin/');
  });

  it('shows each file that a package has not changed: a mode is nothing that its database vouches for', () => {
    const text = textOf(inCoreutils('head', chmod), inCoreutils('tail', chmod));

    expect(text).toContain('/usr/bin/head');
    expect(text).toContain('/usr/bin/tail');
    expect(text).not.toContain('coreutils');
  });

  it('shows a file whose mode changed with an upgrade', () => {
    const text = textOf(upgrade, inCoreutils('head'), inCoreutils('tail', chmod));

    expect(text).toContain('coreutils:amd64 9.1-1 → 9.1-2');
    expect(text).not.toContain('/usr/bin/head');
    expect(text).toMatch(/\/usr\/bin\/tail\n +mode 0755 → 0777\n/);
  });

  it('has the worst first, whatever the packages did', () => {
    const text = textOf(upgrade, inCoreutils('head'), inCoreutils('su', { severity: 'critical' }));

    expect(text.indexOf('/usr/bin/su')).toBeLessThan(text.indexOf('coreutils:amd64'));
  });

  it('says of what a file means in which file it stands, and leaves no line empty', () => {
    const rule = aFinding({
      subject: 'sudoers',
      name: 'eve ALL=(ALL) ALL',
      change: 'added',
      attributes: ['files'],
      expected: {},
      actual: { files: ['/etc/sudoers.d/eve'] },
    });

    const text = reportText(aPrintedReport({ findings: [rule] }));

    expect(text).toContain('in /etc/sudoers.d/eve\n');
    expect(text).not.toMatch(/^ +$/m);
  });

  it('says of a file that was written and restored that it was, and who wrote to it', () => {
    const restored = { ...restoredFinding('/usr/bin/passwd'), actors: [anActor()], changes: 2 };

    const text = reportText(aPrintedReport({ verdict: 'in_sync', findings: [restored] }));

    expect(text).toMatch(/info +modified +\/usr\/bin\/passwd\n +written and restored\n +by \/usr\/bin\/vim\.basic /);
    expect(text).toContain(' as root, logged in as uid 1000, session 42, in session-42.scope, 2 changes\n');
  });

  it('shows a restored file of a package that was upgraded by itself', () => {
    const text = textOf(upgrade, inCoreutils('head'), restoredFinding('/usr/bin/tail'));

    expect(text).toContain('coreutils:amd64 9.1-1 → 9.1-2');
    expect(text).toContain('/usr/bin/tail');
  });

  it('lets no name of a program or unit command a terminal', () => {
    const actors = [anActor({ program: '/tmp/\u001b[2J\u202e', unit: 'x\u001b]0;\u0007', command: '\u001b' })];

    const text = reportText(aPrintedReport({ findings: [aFinding({ actors })] }));

    expect(text).not.toMatch(/[\u0007\u202e]|\u001b(?!\[\d*m)/);
    expect(text).toContain('\\u{202e}');
  });

  it('tells what is compared with from what is looked at', () => {
    const holes = [{ subject: 'manifest', name: '/var/lib/pristine/pins.json', reason: 'unreadable' } as const];

    const text = reportText(aPrintedReport({ verdict: 'unverifiable', coverage: aCoverage({ holes }) }));

    expect(text).toContain('compared with: /var/lib/pristine/pins.json');
  });
});
