import { describe, expect, it } from 'vitest';
import { causeText, differenceText } from '../../../server/ctl/words.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { aFinding } from '../../support/builders.ts';

describe('what differs, in a line', () => {
  it('has the values before and now, and of contents only that they differ', () => {
    const finding = aFinding({
      attributes: ['content', 'mode'],
      expected: { type: 'file', content: 'sha256:a', mode: '0755', uid: 0 },
      actual: { type: 'file', content: 'sha256:b', mode: '4755', uid: 0 },
    });

    expect(differenceText(finding)).toBe('gains setuid root, content, mode 0755 → 4755');
  });

  it('says of something new what power it gives, or what it means', () => {
    const added = { change: 'added' as const, expected: {} };

    expect(differenceText(aFinding({ ...added, actual: { type: 'file', mode: '4755', uid: 0 } }))).toBe(
      'gains setuid root',
    );
    expect(differenceText(aFinding({ ...added, subject: 'user', name: 'eve', actual: { uid: 0 } }))).toBe(
      'user eve added, uid 0',
    );
    expect(differenceText(aFinding({ ...added, actual: { type: 'file', mode: '0644', uid: 0 } }))).toBeNull();
  });
});

it('of what was restored nothing differs any more', () => {
  expect(differenceText(restoredFinding('/usr/bin/passwd'))).toBe('written and restored');
});

describe('a cause', () => {
  it('names drifts as `drifts get` takes them, and not all of very many', () => {
    const fingerprints = ['a', 'b', 'c', 'd', 'e'].map((digit) => digit.repeat(64));

    expect(causeText({ trigger: 'drift', severity: 'high', fingerprints })).toBe(
      'drift of high: aaaaaaaaaaaa, bbbbbbbbbbbb, cccccccccccc and 2 more',
    );
  });
});
