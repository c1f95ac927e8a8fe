import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../agent/commands/diff-text.ts';
import type { TextDiff } from '../../../shared/text-diff.ts';
import { aFinding } from '../../support/builders.ts';

const linesOf = (diff: TextDiff) => diffLines(aFinding({ diff })).map((line) => line.trim());
const text = (text: string, truncated = false) => ({ text, redactions: 0, truncated });

describe('a diff on a terminal', () => {
  it('stands beneath its finding, one line for one', () => {
    expect(linesOf(text('@@ -1 +1 @@\n-a\n+\tb\n'))).toEqual(['@@ -1 +1 @@', '-a', '+\tb']);
  });

  it('never commands the terminal', () => {
    expect(linesOf(text('+\x1b[2J\r\u202e\n'))).toEqual(['+\\u{1b}[2J\\u{d}\\u{202e}']);
  });

  it('is cut, and says so', () => {
    const long = '+a\n'.repeat(100);

    expect(linesOf(text(long))).toHaveLength(41);
    expect(linesOf(text(long)).at(-1)).toBe('… 60 more lines in --format json');
    expect(linesOf(text('+a\n', true)).at(-1)).toBe('… cut: there is more than is shown');
  });

  it('says why there is none', () => {
    expect(linesOf({ withheld: 'not-public' })).toEqual(['text not shown: not everybody may read the file']);
  });
});
