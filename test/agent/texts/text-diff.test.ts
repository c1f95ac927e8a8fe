import { applyPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffTexts } from '../../../agent/texts/text-diff.ts';
import { diffCharsMax, textLinesMax } from '../../../shared/text-diff.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const diff = (before: string | undefined, after: string | undefined) => diffTexts(before, after, '/etc/any.conf');
const lines = (count: number, lineOf: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => `${lineOf(at)}\n`).join('');

describe('a diff of two texts', () => {
  it('is a patch that makes the one of the other', () => {
    const text = fc
      .tuple(fc.array(fc.constantFrom('', 'a', 'b', 'c = 1', '\td', 'é\r'), { maxLength: 40 }), fc.boolean())
      .map(([parts, ends]) => parts.join('\n') + (ends && parts.length > 0 ? '\n' : ''));

    fc.assert(
      fc.property(text, text, (before, after) => {
        const { text: patch } = diff(before, after);

        expect(
          patch === '' ? before : applyPatch(before, `--- a\n+++ b\n${patch}`, { autoConvertLineEndings: false }),
        ).toBe(after);
      }),
      { numRuns: 500 },
    );
  });

  it('has three lines around a change, and one hunk for changes that are near', () => {
    const before = lines(30, String);
    const after = before.replace('\n5\n', '\nfive\n').replace('\n12\n', '\ntwelve\n').replace('\n25\n', '\n');

    expect(diff(before, after).text.match(/^@@.*$/gm)).toEqual(['@@ -3,14 +3,14 @@', '@@ -23,7 +23,6 @@']);
  });

  it('numbers secrets only where they are what changed', () => {
    const before = 'password=one\ntoken=two\nsecret: three\n';
    const after = 'secret: four\ntoken=two\npassword=one\n';

    expect(diff(before, after).text).toBe(
      '@@ -1,3 +1,3 @@\n-password=«redacted»\n+secret: «redacted 2»\n token=«redacted»\n-secret: «redacted 1»\n+password=«redacted»\n',
    );
  });

  it('counts the redactions that it shows', () => {
    expect(diff('a\n', 'password=one\ntoken="two" «redacted»\n').redactions).toBe(2);
  });

  it('counts a private key as one line', () => {
    const key = (length: number) =>
      `-----BEGIN PRIVATE KEY-----\n${'AAAA\n'.repeat(length)}-----END PRIVATE KEY-----\n`;

    expect(diff(`${key(5)}a\n`, `${key(50)}b\n`)).toEqual(diff(`${key(1)}a\n`, `${key(2)}b\n`));
  });

  it('says what went and what came where the least difference would take too long', () => {
    const before = `head\n${lines(600, (at) => `old ${at}`)}tail\n`;
    const after = `head\n${lines(600, (at) => `new ${at}`)}tail\n`;

    const { text } = diff(before, after);

    expect(text.startsWith('@@ -1,602 +1,602 @@\n head\n-old 0\n-old 1\n')).toBe(true);
  });

  it('is cut at its bound after a whole line, and says so', () => {
    const { text, truncated } = diff(
      '',
      lines(3_000, (at) => `a line with the number ${at}`),
    );

    expect(truncated).toBe(true);
    expect(text.length).toBeLessThanOrEqual(diffCharsMax);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('cuts a long line, never through a character', () => {
    const { text, truncated } = diff('', `${'𝕏'.repeat(400)}\n`);

    expect(truncated).toBe(true);
    expect(text.isWellFormed()).toBe(true);
    expect(text).toMatch(/^\+𝕏+…$/mu);
  });

  it.each([
    'x=',
    'password="',
    '<password ',
    'password: |\n\n',
    '-----BEGIN PRIVATE KEY-----\n',
    'a1',
    ' ',
    '://',
    '\\',
  ])('takes its time in proportion, whatever repeats: %j', (piece) => {
    const text = piece
      .repeat(60_000 / piece.length)
      .split('\n')
      .slice(0, textLinesMax)
      .join('\n');

    const cpuMs = cpuTimer();
    diff(text, `${text}b`);

    expect(cpuMs()).toBeLessThan(1_000);
  });
});
