import { describe, expect, it } from 'vitest';
import { commandOf } from '../../../agent/watch/command-line.ts';

const line = (...args: readonly string[]) => args.map((arg) => `${arg}\0`).join('');

describe('a command line', () => {
  it('keeps the program and the names of options, and hides what may be a value', () => {
    const given = line('mysql', '-phunter2', '--password=hunter2', '--batch', '-e', 'select "hunter2"', 'hunter2', '');

    const shown = commandOf(given, 'masked');

    expect(shown).toBe('mysql -p… --password=… --batch -e … … …');
  });

  it('is shown whole where that was asked for, without what is known for a secret', () => {
    const shown = commandOf(line('mysql', '-phunter2', '--batch', 'a b'), 'shown');

    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('--batch a b');
  });

  it('escapes what is no text, and is bounded', () => {
    expect(commandOf(line('a\x1b[31m\xff'), 'masked')).toBe('a\\x1b[31m\\xff');
    const long = commandOf(line('x', ...Array(5_000).fill('-a')), 'masked');
    expect([long.length, long.at(-1)]).toEqual([1_024, '…']);
  });
});
