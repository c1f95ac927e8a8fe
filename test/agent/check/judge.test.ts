import { describe, expect, it } from 'vitest';
import { openHoleList } from '../../../agent/check/hole-list.ts';
import { openJudge } from '../../../agent/check/judge.ts';
import type { VerifyScope } from '../../../agent/check/verify-scope.ts';
import type { FactEntry } from '../../../shared/fact.ts';
import { openRulebook } from '../../../shared/rulebook.ts';

const baked: FactEntry = {
  ...{ subject: 'user', name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh', password: 'locked' },
  files: ['/etc/passwd', '/etc/shadow'],
};
const seen: FactEntry = { ...baked, password: 'absent', files: ['/etc/passwd'] };

/** The findings where so many holes are at these files of users. */
function findingsWith(unreadable: readonly string[], expected: FactEntry | undefined, observed: FactEntry) {
  const holes = openHoleList();
  for (const name of unreadable) holes.add({ subject: 'user', name, reason: 'unreadable' });
  const judge = openJudge({ rulebook: openRulebook([]), leavesOut: () => false } as unknown as VerifyScope, holes);
  judge.found(expected, observed);
  return judge.finish().map(({ name, change }) => `${name} ${change}`);
}

describe('what several files say of one subject', () => {
  it('is no drift where one of them could not be read', () => {
    expect(findingsWith([], baked, seen)).toEqual(['root modified']);
    expect(findingsWith(['/etc/shadow'], baked, seen)).toEqual([]);
    expect(findingsWith(['/etc'], baked, seen)).toEqual([]);
  });

  it('is drift where the file that could not be read is none that says it', () => {
    expect(findingsWith(['/etc/shadow-', '/etc/sha'], baked, seen)).toEqual(['root modified']);
    expect(findingsWith(['/etc/shadow'], baked, { ...baked, uid: 5 })).toEqual(['root modified']);
  });

  it('is drift where it is new, whatever could not be read', () => {
    expect(findingsWith(['/etc/shadow'], undefined, { ...seen, name: 'eve' })).toEqual(['eve added']);
  });
});
