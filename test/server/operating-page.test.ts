import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { Policy } from '../../shared/policy.ts';
import { houseDir } from '../support/house.ts';

it('OPERATING.md shows a policy that is one, with everything that may be said in it', () => {
  const page = readFileSync(join(houseDir, 'server/OPERATING.md'), 'utf8');
  const shown = /```yaml\n(kind: Policy\n[\s\S]*?)```/.exec(page)?.[1];

  const policy = Policy.parse(parse(shown ?? ''));

  const parts = [...policy.triggers, ...policy.windows, ...policy.budgets].flatMap((part) => Object.keys(part));
  for (const part of [
    'drift',
    'outdated',
    'olderThan',
    'silent',
    'unverifiable',
    'manual',
    'per',
    'allow',
    'deny',
    'freeze',
    'triggers',
    'reason',
  ]) {
    expect(parts).toContain(part);
  }
});
