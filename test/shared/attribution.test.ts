import { describe, expect, it } from 'vitest';
import { groupFindings, type PackagedFile } from '../../shared/attribution.ts';
import { type Finding, fingerprintOf } from '../../shared/finding.ts';

function aFinding(overrides: Partial<Finding>): Finding {
  const difference = {
    subject: 'file',
    name: '/usr/bin/openssl',
    change: 'modified' as const,
    attributes: ['content'],
    expected: { content: 'a' },
    actual: { content: 'b' },
    ...overrides,
  };
  return { severity: 'medium', rule: 'immutable', ...difference, fingerprint: fingerprintOf(difference) };
}

const upgrade = aFinding({
  subject: 'package',
  name: 'openssl:amd64',
  attributes: ['version'],
  expected: { version: '3.0.15' },
  actual: { version: '3.0.16' },
});
const files = (count: number) =>
  Array.from({ length: count }, (_, number) => aFinding({ name: `/usr/lib/openssl/${number}` }));
const owned = (findings: readonly Finding[], owner: PackagedFile) => findings.map(({ name }) => [name, owner] as const);

describe('findings by package', () => {
  it('are a version and its files, and what nobody owns is left', () => {
    const changed = files(34);
    const stranger = aFinding({ name: '/usr/lib/openssl/evil', change: 'added' });
    const user = aFinding({ subject: 'user', name: 'eve', change: 'added' });

    const { groups, rest } = groupFindings(
      [stranger, ...changed, upgrade, user],
      new Map(owned(changed, { package: 'openssl:amd64', asPackaged: true })),
    );

    expect(groups).toEqual([
      {
        package: 'openssl:amd64',
        from: '3.0.15',
        to: '3.0.16',
        files: 34,
        asPackaged: 34,
        otherwise: [],
        severity: 'medium',
        fingerprints: [upgrade, ...changed].map(({ fingerprint }) => fingerprint),
      },
    ]);
    expect(rest).toEqual([stranger, user]);
  });

  it('name each file that is not as the package says, or is gone', () => {
    const [good, bad, link] = files(3) as [Finding, Finding, Finding];
    const gone = aFinding({ name: '/usr/lib/openssl/gone', change: 'removed', severity: 'critical' });
    const owners = new Map([
      ...owned([good], { package: 'openssl:amd64', asPackaged: true }),
      ...owned([bad, gone], { package: 'openssl:amd64', asPackaged: false }),
      ...owned([link], { package: 'openssl:amd64' }),
    ]);

    expect(groupFindings([upgrade, good, bad, link, gone], owners).groups).toMatchObject([
      { files: 4, asPackaged: 1, otherwise: [bad.name, gone.name], severity: 'critical' },
    ]);
  });

  it('have no versions where the package itself did not change, and one where it came or went', () => {
    const file = aFinding({});
    const added = aFinding({
      subject: 'package',
      name: 'b:all',
      change: 'added',
      expected: {},
      actual: { version: '1' },
    });
    const removed = { ...added, name: 'a:all', change: 'removed' as const, expected: { version: '2' }, actual: {} };

    const { groups } = groupFindings(
      [file, added, removed],
      new Map(owned([file], { package: 'c:all', asPackaged: false })),
    );

    expect(groups.map(({ package: name, from, to, files: count }) => [name, from, to, count])).toEqual([
      ['a:all', '2', undefined, 0],
      ['b:all', undefined, '1', 0],
      ['c:all', undefined, undefined, 1],
    ]);
  });
});
