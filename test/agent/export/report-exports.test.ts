import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { junitOf } from '../../../agent/export/junit.ts';
import { readReport } from '../../../agent/export/read-report.ts';
import { sarifOf } from '../../../agent/export/sarif.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { aCoverage, aFinding, anActor, aPrintedReport } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDirectory } from '../../support/directory.ts';

const evil = aFinding({ name: '/a b\\xff]]>"<&\'[x](1){0}\u202e', severity: 'critical' });
const hole = { subject: 'file', name: '/x\u0001', reason: 'unreadable' } as const;

describe('a report as SARIF', () => {
  it('has a result for each finding, with level, place and fingerprint', () => {
    const [run] = sarifOf(
      aPrintedReport({ findings: [evil, aFinding({ name: '/etc/passwd', severity: 'medium' })] }),
      '0',
    ).runs;

    expect(run!.results.map(({ level }) => level)).toEqual(['error', 'warning']);
    expect(run!.results[0]!.locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: {
            uri: 'a%20b%FF%5D%5D%3E%22%3C%26%27%5Bx%5D%281%29%7B0%7D%E2%80%AE',
            uriBaseId: 'ROOT',
          },
        },
      },
    ]);
    expect(run!.results[0]!.partialFingerprints).toEqual({ 'pristine/v1': evil.fingerprint });
    expect(run!.results.every(({ ruleId, ruleIndex }) => run!.tool.driver.rules[ruleIndex]!.id === ruleId)).toBe(true);
  });

  it('takes no name for a link, a placeholder or a command of a terminal', () => {
    const text = sarifOf(aPrintedReport({ findings: [evil] }), '0').runs[0]!.results[0]!.message.text;

    expect(text).not.toMatch(/(?<!\\)\[/);
    expect(text).not.toContain('\u202e');
    expect(text.replaceAll('{{', '').replaceAll('}}', '')).not.toMatch(/[{}]/);
  });

  it('puts what files say at these files, and a package at none', () => {
    const user = aFinding({
      subject: 'user',
      name: 'eve',
      change: 'added',
      expected: {},
      actual: { files: ['/etc/passwd'] },
    });
    const results = sarifOf(aPrintedReport({ findings: [user, aFinding({ subject: 'package', name: 'x:all' })] }), '0')
      .runs[0]!.results;

    expect(results.map(({ locations }) => JSON.stringify(locations[0]).slice(0, 19))).toEqual([
      '{"physicalLocation"',
      '{"logicalLocations"',
    ]);
  });

  it('says who made a difference, and knows what was restored as a kind of its own', () => {
    const actors = [anActor({ program: '/tmp/[x](1)\u202e' })];
    const findings = [aFinding({ actors, changes: 3 }), restoredFinding('/usr/bin/passwd')];

    const [run] = sarifOf(aPrintedReport({ findings }), '0').runs;

    expect(run!.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['file/modified', 'error'],
      ['file/restored', 'note'],
    ]);
    expect(run!.results[0]!.message.text).toMatch(
      /sshd_config modified: content, by "\/tmp\/\\\[x\\\]\(1\)\\\\u\{\{202e\}\}" \(pid 4711\) as root,.*, 3 changes$/,
    );
    expect(run!.results[1]!.message.text).toBe('/usr/bin/passwd written and restored');
  });

  it('notes each hole, and that the run was no success', () => {
    const report = aPrintedReport({ verdict: 'unverifiable', coverage: aCoverage({ holes: [hole] }) });
    const [invocation] = sarifOf(report, '0').runs[0]!.invocations;

    expect(invocation!.executionSuccessful).toBe(false);
    expect(invocation!.toolExecutionNotifications).toHaveLength(1);
  });
});

describe('a report as JUnit', () => {
  it('counts findings as failures and holes as errors', () => {
    const info = aFinding({ name: '/i', severity: 'info' });
    const xml = junitOf(aPrintedReport({ findings: [evil, info], coverage: aCoverage({ holes: [hole] }) }));

    expect(xml).toContain('tests="2" failures="1" errors="1"');
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml.match(/<error /g)).toHaveLength(1);
  });

  it('says with a failure who made it, and of what was restored nothing', () => {
    const findings = [aFinding({ actors: [anActor({ unit: '"<&\u0001' })] }), restoredFinding('/usr/bin/passwd')];

    const xml = junitOf(aPrintedReport({ findings }));

    expect(xml).toContain('by /usr/bin/vim.basic (pid 4711) as root');
    expect(xml).not.toMatch(/\u0001|"<&|passwd/);
  });

  it('holds nothing that XML cannot, and nothing that ends an attribute', () => {
    const xml = junitOf(aPrintedReport({ findings: [evil], coverage: aCoverage({ holes: [hole] }) }));

    expect(xml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\ufffe\uffff]/);
    expect(xml).not.toContain(']]>');
    expect(xml).toContain('name="/a b\\xff]]&gt;&quot;&lt;&amp;&apos;[x](1){0}\\u{202e}"');
  });

  it('has one good case where all is as baked', () => {
    expect(junitOf(aPrintedReport({ verdict: 'in_sync' }))).toContain('tests="1" failures="0" errors="0"');
  });
});

describe('a report that somebody gives us', () => {
  it('is read strictly', async () => {
    const file = join(aDirectory(), 'report.json');
    const given = (text: string) => {
      writeFileSync(file, text);
      return codeOfAsync(() => readReport(file));
    };

    expect(await given(JSON.stringify(aPrintedReport({ findings: [evil] })))).toBeUndefined();
    expect(await given('')).toBe('USAGE');
    expect(await given('{"schema":"pristine.report/1"}')).toBe('USAGE');
    expect(await given(JSON.stringify({ ...aPrintedReport(), more: 1 }))).toBe('USAGE');
    expect(await codeOfAsync(() => readReport(join(file, 'nothing')))).toBe('USAGE');
  });
});
