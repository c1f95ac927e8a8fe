import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutput, widthOf } from '../../../server/ctl/output.ts';

/** A terminal so many columns wide that keeps what it was shown. */
function aTerminal(columns: number) {
  let text = '';
  const sink = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const stream = Object.assign(sink, { isTTY: true, columns, getColorDepth: () => 1 });
  const out = createOutput(stream as unknown as NodeJS.WriteStream);
  return { out, lines: () => text.split('\n').slice(0, -1) };
}

describe('a table', () => {
  it('lines its columns up by what the eye sees', () => {
    const { out, lines } = aTerminal(80);

    out.table(
      ['NAME', 'N'],
      [
        ['東京', 1],
        ['café', 2],
        ['cafe\u0301', 3],
        ['x', 4],
      ],
    );

    // biome-ignore format: read as a picture
    expect(lines()).toEqual([
      'NAME  N',
      '東京  1',
      'café  2',
      'cafe\u0301  3',
      'x     4',
    ]);
  });

  it.each([20, 40, 60])('keeps to %d columns by cutting the middle of its widest', (columns) => {
    const { out, lines } = aTerminal(columns);

    out.table(['ID', 'NAME', 'N'], [['a1', `/usr/lib/${'x'.repeat(200)}/東京/libssl.so`, 1]]);

    for (const line of lines()) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(lines().join()).not.toContain('undefined');
  });

  it('keeps the folder and the file of a path that it cuts', () => {
    const { out, lines } = aTerminal(30);

    out.table(['NAME'], [[`/etc/${'x'.repeat(100)}/sshd_config`]]);

    expect(lines()[1]).toMatch(/^\/etc\/x+…x*\/?sshd_config$/);
  });

  it('cuts its widest columns one after the other, and of a time what matters least', () => {
    const { out, lines } = aTerminal(50);

    out.table(['ID', 'NAME', 'SINCE'], [['a'.repeat(36), 'n'.repeat(18), '2026-01-02T03:04:05.678Z']]);

    expect(widthOf(lines()[1]!)).toBeLessThanOrEqual(50);
    expect(lines()[1]).toMatch(/^a+…a+ {2}n+…n+ {2}01-02T03:04Z$/);
  });

  it('shows nothing as a dash, and an empty list as its heads', () => {
    const { out, lines } = aTerminal(80);

    out.table(['A', 'B'], [[null, 0]]);
    out.table(['A', 'B'], []);

    expect(lines()).toEqual(['A  B', '–  0', 'A  B']);
  });

  it('holds very many rows', () => {
    const { out, lines } = aTerminal(80);

    out.table(
      ['N'],
      Array.from({ length: 200_000 }, (_, n) => [n]),
    );

    expect(lines()).toHaveLength(200_001);
  });
});

describe('JSON', () => {
  it('is the same value with nothing in it that a terminal acts on', () => {
    const { out, lines } = aTerminal(80);
    const value = { name: 'a\u202eb\u009bc\u2028d\ufeff\u{e0001}é東' };

    out.jsonLine(value);

    const [text = ''] = lines();
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toMatch(/^[\x20-\x7e]*é東[\x20-\x7e]*$/);
  });
});

describe('a diff', () => {
  it('has a line for each, and never commands the terminal', () => {
    const { out, lines } = aTerminal(80);

    out.diff('@@ -1 +1 @@\n-a\x1b[2J\n+\tb\u202e\n');

    expect(lines()).toEqual(['@@ -1 +1 @@', '-a\\u{1b}[2J', '+\tb\\u{202e}']);
  });
});
