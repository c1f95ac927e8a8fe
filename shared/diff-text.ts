import { terminalSafe } from './name.ts';
import type { Withheld } from './text-diff.ts';

export type DiffLineKind = 'hunk' | 'removed' | 'added' | 'context';

/** What a line of a unified diff is, by its first character. */
export function diffLineKind(line: string): DiffLineKind {
  switch (line[0]) {
    case '@':
      return 'hunk';
    case '-':
      return 'removed';
    case '+':
      return 'added';
    default:
      return 'context';
  }
}

/** For terminals. A tab is text, and no terminal does more with it than move on. */
export function terminalSafeLine(line: string): string {
  return line.split('\t').map(terminalSafe).join('\t');
}

/** How a redacted piece begins, in a diff or a fact and nowhere else: the same characters of a file are written otherwise. */
export const redactedMark = '«redacted';

/** What each says to a person. */
export const withheldWords: Readonly<Record<Withheld, string>> = {
  'not-public': 'not everybody may read the file',
  'too-large': 'the file is too large',
  'not-text': 'the file is no text',
  'no-baked-text': 'the manifest has no text of the file',
  'bad-baked-text': 'the text in the manifest is not the one that was baked',
  changed: 'the file changed again before it was read',
  'too-many': 'there are too many to show',
};

/** The pieces of a line: what the file says, and the redactions in it. */
export function redactionsOf(line: string): readonly { readonly text: string; readonly isRedacted: boolean }[] {
  return line
    .split(/(«redacted(?: [12])?»)/)
    .map((text, at) => ({ text, isRedacted: at % 2 === 1 }))
    .filter(({ text }) => text !== '');
}
