import { describe, expect, it } from 'vitest';
import { explanationText } from '../../../agent/commands/explain-text.ts';
import type { ExplainedPath } from '../../../agent/rules/explanation.ts';
import { anImageDigest } from '../../support/builders.ts';

const directory = { type: 'dir', mode: '0755', uid: 0, gid: 0 } as const;

function textOf(root: string, path: Partial<ExplainedPath>): string {
  return explanationText({
    schema: 'pristine.explain/1',
    image: { name: 'web', version: '7', digest: anImageDigest },
    rules: 1,
    root,
    paths: [
      {
        name: '/etc',
        baked: null,
        actual: null,
        outcome: 'absent',
        finding: null,
        allowed: [],
        rule: { pattern: 'default', as: 'immutable', severity: 'medium', from: 'default' },
        guards: [],
        holes: [],
        facts: [],
        package: null,
        since: null,
        ...path,
      },
    ],
  });
}

describe('an explanation for a person', () => {
  it('tells who asks with the root in the path what to ask for', () => {
    expect(textOf('/mnt/image/', { name: '/mnt/image/etc/passwd' })).toContain('ask for /etc/passwd');
    expect(textOf('/', { name: '/nothing' })).not.toContain('ask for');
    expect(textOf('/mnt/image', { name: '/mnt/images' })).not.toContain('ask for');
  });

  it('does not let a directory that is as baked stand for what lies in it', () => {
    const same = { baked: directory, actual: directory, outcome: 'as-baked' } as const;

    expect(textOf('/', same)).toContain('what lies in it is not looked at');
    expect(textOf('/', { ...same, baked: { type: 'file' }, actual: { type: 'file' } })).not.toContain('lies in it');
  });
});
