import { type DiffLineKind, diffLineKind, terminalSafeLine, withheldWords } from '../../shared/diff-text.ts';
import type { Finding } from '../../shared/finding.ts';
import { paint, type Style } from './paint.ts';

/** Lines of one diff on a terminal. All of what there is stands in the JSON. */
const linesMax = 40;
const indent = ' '.repeat(22);

/** What changed inside the file, beneath its finding. */
export function diffLines({ diff }: Finding): string[] {
  if (diff === undefined) return [];
  if ('withheld' in diff) return [`${indent}${paint('dim', `text not shown: ${withheldWords[diff.withheld]}`)}`];
  const lines = diff.text.split('\n').slice(0, -1);
  const left = lines.length - linesMax;
  return [
    ...lines.slice(0, linesMax).map((line) => `${indent}${paint(styles[diffLineKind(line)], terminalSafeLine(line))}`),
    ...(left > 0
      ? [`${indent}${paint('dim', `… ${left} more lines in --format json`)}`]
      : diff.truncated
        ? [`${indent}${paint('dim', '… cut: there is more than is shown')}`]
        : []),
  ];
}

const styles: Readonly<Record<DiffLineKind, Style>> = { hunk: 'cyan', removed: 'red', added: 'green', context: 'dim' };
