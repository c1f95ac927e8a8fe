import { terminalSafe } from './name.ts';

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
